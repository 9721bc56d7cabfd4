//! A view of a body that arrives in pieces: what is wanted next stands in one row, copied only where two pieces meet.
//! What the bytes mean is for `body` to say.

use std::io;

use bytes::Bytes;

use super::body::Broken;

/// So many bytes of a piece are set behind the end of the one before it, and twice as many each time they are too few.
const SEWN: usize = 4096;
/// How much of foreign bytes is quoted.
const QUOTED: usize = 4096;

/// Where a body comes from.
pub(super) trait Pieces {
    /// The next piece as it came; an empty one at the end.
    ///
    /// # Errors
    /// Where there is no end and nothing more comes, or not in time.
    fn next(&mut self) -> io::Result<Bytes>;
}

/// What was not passed yet.
pub(super) struct Window<P> {
    pieces: P,
    piece: Bytes,
    /// Where in the piece the view begins, while nothing is sewn.
    at: usize,
    /// The end of the pieces before, then the beginning of this one from `seam` on; empty where the piece is enough.
    sewn: Vec<u8>,
    seam: usize,
    /// Where in `sewn` the view begins.
    start: usize,
    /// Bytes that came.
    pub read: u64,
}

impl<P: Pieces> Window<P> {
    pub fn new(pieces: P) -> Self {
        Window {
            pieces,
            piece: Bytes::new(),
            at: 0,
            sewn: Vec::new(),
            seam: 0,
            start: 0,
            read: 0,
        }
    }

    /// What is in view.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        let view = if self.sewn.is_empty() {
            self.piece.get(self.at..)
        } else {
            self.sewn.get(self.start..)
        };
        view.unwrap_or_default()
    }

    /// Passes bytes that are in view.
    #[inline]
    pub fn pass(&mut self, count: usize) {
        if self.sewn.is_empty() {
            self.at += count;
            return;
        }
        self.start += count;
        if self.start >= self.seam {
            self.at = self.start - self.seam;
            self.sewn.clear();
        }
    }

    /// The next byte that is no blank, which is not passed.
    #[inline]
    pub fn next(&mut self) -> Result<u8, Broken> {
        match self.bytes().first() {
            Some(byte) if !is_blank(*byte) => Ok(*byte),
            _ => self.behind_blanks(),
        }
    }

    fn behind_blanks(&mut self) -> Result<u8, Broken> {
        loop {
            let bytes = self.bytes();
            let blanks = bytes.iter().take_while(|byte| is_blank(**byte)).count();
            self.pass(blanks);
            if let Some(byte) = self.bytes().first() {
                return Ok(*byte);
            }
            self.more()?;
        }
    }

    /// Waits until there is more in view.
    pub fn more(&mut self) -> Result<(), Broken> {
        if self.widen()? {
            return Ok(());
        }
        Err(match self.read {
            0 => Broken::Foreign(Vec::new()),
            _ => Broken::Cut("it ended in its middle".to_owned()),
        })
    }

    /// Passes the rest, which must be blank, and sees the body's end.
    pub fn nothing_more(&mut self) -> Result<(), Broken> {
        loop {
            let bytes = self.bytes();
            if !bytes.iter().all(|byte| is_blank(*byte)) {
                return Err(self.foreign());
            }
            let passed = bytes.len();
            self.pass(passed);
            if !self.widen()? {
                return Ok(());
            }
        }
    }

    /// Brings more into view; `false` at the body's end.
    fn widen(&mut self) -> Result<bool, Broken> {
        let mut from = self.sewn.len().saturating_sub(self.seam);
        if self.sewn.is_empty() || from == self.piece.len() {
            let rest = self.piece.get(self.at..).unwrap_or_default();
            if self.sewn.is_empty() {
                self.start = 0;
                self.sewn.extend_from_slice(rest);
            } else {
                self.sewn.drain(..self.start);
                self.start = 0;
            }
            self.seam = self.sewn.len();
            (self.piece, self.at, from) = (self.another()?, 0, 0);
            if self.sewn.is_empty() || self.piece.is_empty() {
                return Ok(!self.piece.is_empty());
            }
        }
        let to = self.piece.len().min((from * 2).max(SEWN));
        let more = self.piece.get(from..to).unwrap_or_default();
        self.sewn.extend_from_slice(more);
        Ok(true)
    }

    fn another(&mut self) -> Result<Bytes, Broken> {
        // Whoever reads may fill the same memory again once nobody looks at it.
        self.piece = Bytes::new();
        match self.pieces.next() {
            Ok(piece) => {
                self.read += piece.len() as u64;
                Ok(piece)
            }
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(Broken::TimedOut),
            Err(error) => Err(Broken::Cut(error.to_string())),
        }
    }

    /// An answer that is none, with what is in view of it.
    pub fn foreign(&self) -> Broken {
        let bytes = self.bytes();
        let quoted = bytes.get(..QUOTED.min(bytes.len()));
        Broken::Foreign(quoted.unwrap_or_default().to_vec())
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}
