//! Pages for standard output, each held until it is complete: in memory, and what finds no room there in a file that
//! nobody else sees. Printing them, while the next one arrives, is left to whoever takes them.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::mpsc::{self, Receiver, Sender};

/// Memory is used in pieces of so many bytes.
const PIECE: usize = 512 << 10;
/// The fewest pieces that make sense: one is filled while another one is printed.
const FEWEST: usize = 2;

/// The page that is arriving.
pub struct Held {
    full: Vec<Vec<u8>>,
    open: Vec<u8>,
    /// What of the page stands behind `full` and before `open`, where that is too much for the memory.
    rest: Option<File>,
    memory: Memory,
}

/// Pieces that can be filled, and those that are on their way back from a page that is being printed.
struct Memory {
    empty: Vec<Vec<u8>>,
    give_back: Sender<Vec<u8>>,
    back: Receiver<Vec<u8>>,
    /// How many more may be made.
    more: usize,
    away: usize,
}

/// A complete page.
pub struct Whole {
    pieces: VecDeque<Vec<u8>>,
    rest: Option<File>,
    give_back: Sender<Vec<u8>>,
}

impl Held {
    /// Nothing yet; so much memory may be used, also by pages that are being printed.
    #[must_use]
    pub fn new(bytes: usize) -> Held {
        let (give_back, back) = mpsc::channel();
        Held {
            full: Vec::new(),
            open: Vec::new(),
            rest: None,
            memory: Memory {
                empty: Vec::new(),
                give_back,
                back,
                more: (bytes / PIECE).max(FEWEST),
                away: 0,
            },
        }
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// What the disk says, where it is needed.
    #[inline]
    pub fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.open.capacity() > 0 && self.open.len() + bytes.len() <= PIECE {
            self.open.extend_from_slice(bytes);
            return Ok(());
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.open.capacity() == 0 {
                // Nothing is held yet, so there is memory or it comes back.
                self.open = self
                    .memory
                    .piece()
                    .unwrap_or_else(|| Vec::with_capacity(PIECE));
            }
            let (now, later) = rest.split_at(rest.len().min(PIECE - self.open.len()));
            self.open.extend_from_slice(now);
            rest = later;
            if self.open.len() == PIECE {
                self.put_away()?;
            }
        }
        Ok(())
    }

    /// Empties the open piece.
    fn put_away(&mut self) -> io::Result<()> {
        if self.rest.is_none() {
            if let Some(next) = self.memory.piece() {
                self.full.push(std::mem::replace(&mut self.open, next));
                return Ok(());
            }
            self.rest = Some(tempfile::tempfile()?);
        }
        if let Some(rest) = &mut self.rest {
            rest.write_all(&self.open)?;
        }
        self.open.clear();
        Ok(())
    }

    /// Forgets the page.
    pub fn clear(&mut self) {
        self.memory.empty.append(&mut self.full);
        self.open.clear();
        self.rest = None;
    }

    /// Hands the page over; the next one begins.
    ///
    /// # Errors
    /// What the disk says, where it is needed.
    pub fn take(&mut self) -> io::Result<Whole> {
        if let Some(rest) = &mut self.rest {
            rest.write_all(&self.open)?;
            rest.seek(SeekFrom::Start(0))?;
            self.open.clear();
        } else if !self.open.is_empty() {
            self.full.push(std::mem::take(&mut self.open));
        }
        self.memory.away += self.full.len();
        Ok(Whole {
            pieces: std::mem::take(&mut self.full).into(),
            rest: self.rest.take(),
            give_back: self.memory.give_back.clone(),
        })
    }
}

impl Memory {
    /// Another piece, waited for if it is being printed; `None` where the page that is arriving has them all.
    fn piece(&mut self) -> Option<Vec<u8>> {
        while let Ok(piece) = self.back.try_recv() {
            self.away -= 1;
            self.empty.push(piece);
        }
        let mut piece = match self.empty.pop() {
            Some(piece) => piece,
            None if self.more > 0 => {
                self.more -= 1;
                Vec::with_capacity(PIECE)
            }
            None if self.away > 0 => {
                let piece = self.back.recv().ok()?;
                self.away -= 1;
                piece
            }
            None => return None,
        };
        piece.clear();
        Some(piece)
    }
}

impl Whole {
    /// Shows all bytes in their order, a piece at a time.
    ///
    /// # Errors
    /// What the disk says, where it is needed; what `show` says.
    pub fn each<E: From<io::Error>>(
        mut self,
        mut show: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(piece) = self.pieces.pop_front() {
            let shown = show(&piece);
            // Whoever fills it next may have ended.
            let _ = self.give_back.send(piece);
            shown?;
        }
        let Some(rest) = &mut self.rest else {
            return Ok(());
        };
        let mut piece = vec![0; PIECE];
        loop {
            let count = rest.read(&mut piece)?;
            if count == 0 {
                return Ok(());
            }
            show(piece.get(..count).unwrap_or_default())?;
        }
    }
}

impl Drop for Whole {
    /// Somebody may wait for the memory of a page that nobody prints.
    fn drop(&mut self) {
        for piece in self.pieces.drain(..) {
            let _ = self.give_back.send(piece);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn shown(page: Whole) -> Vec<u8> {
        let mut all = Vec::new();
        let show = |piece: &[u8]| {
            all.extend_from_slice(piece);
            Ok::<_, io::Error>(())
        };
        page.each(show).unwrap();
        all
    }

    /// Pages of every length around a piece and around the memory; each is printed while the next one arrives.
    #[test]
    fn pages_come_out_as_they_went_in() {
        const MEMORY: usize = 4 * PIECE;
        let around = |length: usize| [length - 1, length, length + 1];
        let lengths = [
            [0, 1, 1000],
            around(PIECE),
            around(MEMORY),
            around(9 * PIECE),
        ];
        let bytes = |number: usize, length| vec![b'a' + u8::try_from(number).unwrap(); length];
        let (give, pages) = mpsc::sync_channel(1);
        let printing = std::thread::spawn(move || pages.into_iter().map(shown).collect::<Vec<_>>());
        let mut held = Held::new(MEMORY);
        for (number, length) in lengths.into_iter().flatten().enumerate() {
            held.add(&vec![b'-'; length + 7]).unwrap();
            held.clear();
            for row in bytes(number, length).chunks(997) {
                held.add(row).unwrap();
            }
            give.send(held.take().unwrap()).unwrap();
        }
        drop(give);
        let printed = printing.join().unwrap();
        for (number, length) in lengths.into_iter().flatten().enumerate() {
            assert!(printed[number] == bytes(number, length), "{length}");
        }
    }

    #[test]
    fn memory_of_a_page_that_is_printed_or_dropped_is_waited_for() {
        for dropped in [false, true] {
            let mut held = Held::new(2 * PIECE);
            held.add(&vec![b'a'; 2 * PIECE - 1]).unwrap();
            let page = held.take().unwrap();
            assert!(page.rest.is_none());
            let printer = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(20));
                if !dropped {
                    assert_eq!(shown(page).len(), 2 * PIECE - 1);
                }
            });
            held.add(&vec![b'b'; 2 * PIECE - 1]).unwrap();
            printer.join().unwrap();
            assert!(shown(held.take().unwrap()) == vec![b'b'; 2 * PIECE - 1]);
        }
    }
}
