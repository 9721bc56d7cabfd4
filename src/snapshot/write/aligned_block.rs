//! A block of a file in memory, aligned for direct I/O.

/// Places in memory and in a file that are divisible by this suit every disk.
pub(in crate::snapshot) const ALIGNMENT: usize = 4096;
/// Capacity of a block: larger ones cost fewer system calls, smaller ones stay in the processor's cache.
const CAPACITY: usize = 512 << 10;

/// A piece of a file.
pub(in crate::snapshot) struct Block {
    /// `start` bytes that only bring the rest to its place, then the piece.
    bytes: Vec<u8>,
    start: usize,
    /// Offset in the file; a multiple of [`ALIGNMENT`].
    pub offset: u64,
    /// So many of its first bytes were handed on before, with the block before it.
    pub hashed: usize,
}

impl Block {
    /// An empty block at the file's beginning.
    pub fn new() -> Block {
        let mut bytes: Vec<u8> = Vec::with_capacity(CAPACITY + ALIGNMENT);
        // Without alignment the file system falls back to buffered writes.
        let start = Some(bytes.as_ptr().align_offset(ALIGNMENT)).filter(|start| *start < ALIGNMENT);
        let start = start.unwrap_or(0);
        bytes.resize(start, 0);
        Block {
            bytes,
            start,
            offset: 0,
            hashed: 0,
        }
    }

    /// Empties it and moves it to another place, with bytes that were handed on before.
    pub fn begin(&mut self, offset: u64, hashed: &[u8]) {
        self.bytes.truncate(self.start);
        self.bytes.extend_from_slice(hashed);
        (self.offset, self.hashed) = (offset, hashed.len());
    }

    /// Copies what fits; returns the rest.
    #[inline]
    pub fn take<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let room = self.start + CAPACITY - self.bytes.len();
        let (now, later) = bytes.split_at(room.min(bytes.len()));
        self.bytes.extend_from_slice(now);
        later
    }

    /// Nothing more can be added.
    pub fn is_full(&self) -> bool {
        self.bytes.len() >= self.start + CAPACITY
    }

    /// All its bytes.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// Those that were not handed on before.
    pub fn unhashed(&self) -> &[u8] {
        self.bytes().get(self.hashed..).unwrap_or_default()
    }

    /// The aligned part, and the rest.
    pub fn aligned_and_rest(&self) -> (&[u8], &[u8]) {
        let bytes = self.bytes();
        bytes.split_at(bytes.len() - bytes.len() % ALIGNMENT)
    }
}
