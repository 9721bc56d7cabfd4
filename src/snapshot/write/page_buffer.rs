//! Page buffer for standard output: stores a page until it is complete, in memory and, beyond a limit, in an anonymous
//! temporary file.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::mpsc::{self, Receiver, Sender};

/// Page size in bytes, if requests are cheap: two buffered pages fit in memory.
pub const BUFFERED_PAGE_BYTES: u64 = 10 << 20;
/// Size of a memory chunk.
const CHUNK_BYTES: usize = 512 << 10;
/// Minimum number of chunks: one is filled while another one is printed.
const MIN_CHUNKS: usize = 2;

/// The page that is arriving.
pub struct PageBuffer {
    full: Vec<Vec<u8>>,
    open: Vec<u8>,
    /// The part of the page after `full` and before `open`, if the page exceeds the memory limit.
    spill_file: Option<File>,
    memory: ChunkPool,
}

/// Free chunks, and the channel by which printed pages return theirs.
struct ChunkPool {
    empty: Vec<Vec<u8>>,
    return_tx: Sender<Vec<u8>>,
    returned_rx: Receiver<Vec<u8>>,
    /// Number of chunks that may still be allocated.
    unallocated: usize,
    in_use: usize,
}

/// A complete page.
pub struct BufferedPage {
    chunks: VecDeque<Vec<u8>>,
    spill_file: Option<File>,
    return_tx: Sender<Vec<u8>>,
}

impl PageBuffer {
    /// An empty buffer. `max_bytes` limits its memory, including that of pages that are being printed.
    #[must_use]
    pub fn new(max_bytes: usize) -> PageBuffer {
        let (return_tx, returned_rx) = mpsc::channel();
        PageBuffer {
            full: Vec::new(),
            open: Vec::new(),
            spill_file: None,
            memory: ChunkPool {
                empty: Vec::new(),
                return_tx,
                returned_rx,
                unallocated: (max_bytes / CHUNK_BYTES).max(MIN_CHUNKS),
                in_use: 0,
            },
        }
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// I/O errors of the temporary file.
    #[inline]
    pub fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.open.capacity() > 0 && self.open.len() + bytes.len() <= CHUNK_BYTES {
            self.open.extend_from_slice(bytes);
            return Ok(());
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.open.capacity() == 0 {
                // The page has no chunk yet, so that one is free or will be returned.
                self.open = self
                    .memory
                    .take_chunk()
                    .unwrap_or_else(|| Vec::with_capacity(CHUNK_BYTES));
            }
            let (now, later) = rest.split_at(rest.len().min(CHUNK_BYTES - self.open.len()));
            self.open.extend_from_slice(now);
            rest = later;
            if self.open.len() == CHUNK_BYTES {
                self.spill()?;
            }
        }
        Ok(())
    }

    /// Moves the open chunk to `full`, or writes it to the file.
    fn spill(&mut self) -> io::Result<()> {
        if self.spill_file.is_none() {
            if let Some(next) = self.memory.take_chunk() {
                self.full.push(std::mem::replace(&mut self.open, next));
                return Ok(());
            }
            self.spill_file = Some(tempfile::tempfile()?);
        }
        if let Some(file) = &mut self.spill_file {
            file.write_all(&self.open)?;
        }
        self.open.clear();
        Ok(())
    }

    /// Discards the page.
    pub fn clear(&mut self) {
        self.memory.empty.append(&mut self.full);
        self.open.clear();
        self.spill_file = None;
    }

    /// Takes the complete page and starts the next one.
    ///
    /// # Errors
    /// I/O errors of the temporary file.
    pub fn finish_page(&mut self) -> io::Result<BufferedPage> {
        if let Some(file) = &mut self.spill_file {
            file.write_all(&self.open)?;
            file.seek(SeekFrom::Start(0))?;
            self.open.clear();
        } else if !self.open.is_empty() {
            self.full.push(std::mem::take(&mut self.open));
        }
        self.memory.in_use += self.full.len();
        Ok(BufferedPage {
            chunks: std::mem::take(&mut self.full).into(),
            spill_file: self.spill_file.take(),
            return_tx: self.memory.return_tx.clone(),
        })
    }
}

impl ChunkPool {
    /// A free chunk, if necessary after waiting for one that is being printed; `None` if the current page has all.
    fn take_chunk(&mut self) -> Option<Vec<u8>> {
        while let Ok(chunk) = self.returned_rx.try_recv() {
            self.in_use -= 1;
            self.empty.push(chunk);
        }
        let mut chunk = match self.empty.pop() {
            Some(chunk) => chunk,
            None if self.unallocated > 0 => {
                self.unallocated -= 1;
                Vec::with_capacity(CHUNK_BYTES)
            }
            None if self.in_use > 0 => {
                let chunk = self.returned_rx.recv().ok()?;
                self.in_use -= 1;
                chunk
            }
            None => return None,
        };
        chunk.clear();
        Some(chunk)
    }
}

impl BufferedPage {
    /// Passes all bytes to `visit` in order, chunk by chunk.
    ///
    /// # Errors
    /// I/O errors of the temporary file, and errors of `visit`.
    pub fn for_each_chunk<E: From<io::Error>>(
        mut self,
        mut visit: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(chunk) = self.chunks.pop_front() {
            let result = visit(&chunk);
            // Fails only if the buffer no longer exists.
            let _ = self.return_tx.send(chunk);
            result?;
        }
        let Some(file) = &mut self.spill_file else {
            return Ok(());
        };
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let count = file.read(&mut chunk)?;
            if count == 0 {
                return Ok(());
            }
            visit(chunk.get(..count).unwrap_or_default())?;
        }
    }
}

impl Drop for BufferedPage {
    /// Returns the memory of a page that is not printed.
    fn drop(&mut self) {
        for chunk in self.chunks.drain(..) {
            let _ = self.return_tx.send(chunk);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn shown(page: BufferedPage) -> Vec<u8> {
        let mut all = Vec::new();
        let show = |chunk: &[u8]| {
            all.extend_from_slice(chunk);
            Ok::<_, io::Error>(())
        };
        page.for_each_chunk(show).unwrap();
        all
    }

    /// Pages of every length around a chunk and around the memory limit; each is printed while the next one arrives.
    #[test]
    fn pages_are_unchanged() {
        const MEMORY: usize = 4 * CHUNK_BYTES;
        let around = |length: usize| [length - 1, length, length + 1];
        let lengths = [
            [0, 1, 1000],
            around(CHUNK_BYTES),
            around(MEMORY),
            around(9 * CHUNK_BYTES),
        ];
        let bytes = |number: usize, length| vec![b'a' + u8::try_from(number).unwrap(); length];
        let (give, pages) = mpsc::sync_channel(1);
        let printing = std::thread::spawn(move || pages.into_iter().map(shown).collect::<Vec<_>>());
        let mut buffer = PageBuffer::new(MEMORY);
        for (number, length) in lengths.into_iter().flatten().enumerate() {
            buffer.add(&vec![b'-'; length + 7]).unwrap();
            buffer.clear();
            for row in bytes(number, length).chunks(997) {
                buffer.add(row).unwrap();
            }
            give.send(buffer.finish_page().unwrap()).unwrap();
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
            let mut buffer = PageBuffer::new(2 * CHUNK_BYTES);
            buffer.add(&vec![b'a'; 2 * CHUNK_BYTES - 1]).unwrap();
            let page = buffer.finish_page().unwrap();
            assert!(page.spill_file.is_none());
            let printer = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(20));
                if !dropped {
                    assert_eq!(shown(page).len(), 2 * CHUNK_BYTES - 1);
                }
            });
            buffer.add(&vec![b'b'; 2 * CHUNK_BYTES - 1]).unwrap();
            printer.join().unwrap();
            assert!(shown(buffer.finish_page().unwrap()) == vec![b'b'; 2 * CHUNK_BYTES - 1]);
        }
    }
}
