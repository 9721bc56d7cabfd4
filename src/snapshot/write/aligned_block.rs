//! Write buffer whose address and file offset are aligned for direct I/O.

/// Alignment of addresses and offsets that every disk accepts.
pub(in crate::snapshot) const ALIGNMENT: usize = 4096;
/// Capacity of a block: larger ones cost fewer system calls, smaller ones stay in the processor's cache.
const CAPACITY: usize = 512 << 10;

/// A block of a file.
pub(in crate::snapshot) struct Block {
    /// `start` bytes of padding for the alignment, then the block.
    bytes: Vec<u8>,
    start: usize,
    /// Offset in the file; a multiple of [`ALIGNMENT`].
    pub offset: u64,
    /// Number of first bytes that were already hashed and written with the previous block.
    pub hashed: usize,
}

impl Block {
    /// An empty block at the file's beginning.
    pub fn new() -> Block {
        let mut bytes: Vec<u8> = Vec::with_capacity(CAPACITY + ALIGNMENT);
        // A file system rejects direct writes from unaligned memory; the writer then uses buffered writes.
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

    /// Restarts the block at another offset, with bytes that were already hashed.
    pub fn begin(&mut self, offset: u64, hashed: &[u8]) {
        self.bytes.truncate(self.start);
        self.bytes.extend_from_slice(hashed);
        (self.offset, self.hashed) = (offset, hashed.len());
    }

    /// Copies the bytes that fit; returns the others.
    #[inline]
    pub fn take<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let room = self.start + CAPACITY - self.bytes.len();
        let (now, later) = bytes.split_at(room.min(bytes.len()));
        self.bytes.extend_from_slice(now);
        later
    }

    /// Whether nothing more fits.
    pub fn is_full(&self) -> bool {
        self.bytes.len() >= self.start + CAPACITY
    }

    /// All its bytes.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// The bytes that were not hashed before.
    pub fn unhashed(&self) -> &[u8] {
        self.bytes().get(self.hashed..).unwrap_or_default()
    }

    /// The part up to the last aligned offset, and the rest.
    pub fn aligned_and_rest(&self) -> (&[u8], &[u8]) {
        let bytes = self.bytes();
        bytes.split_at(bytes.len() - bytes.len() % ALIGNMENT)
    }
}
