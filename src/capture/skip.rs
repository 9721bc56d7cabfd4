//! Skips lines that cannot matter, without looking at each: whole blocks of lines are searched at once.

use super::lines::Lines;
use super::tool_json;

/// Finds the lines of a block that can matter: appends an offset in each, in any order.
pub type LineSearch = Box<dyn Fn(&[u8], &mut Vec<usize>) + Send>;

/// A field with bytes in Base64, in which no text can be found.
const BASE64: &[u8] = b"ase64";

/// Skips lines of a capture.
pub(super) struct LineSkipper {
    search: LineSearch,
    /// Offsets in the input that were found, the last one first.
    found: Vec<u64>,
    /// The end of what was searched.
    searched: u64,
    offsets: Vec<usize>,
}

impl LineSkipper {
    pub fn new(search: LineSearch) -> LineSkipper {
        LineSkipper {
            search,
            found: Vec::new(),
            searched: 0,
            offsets: Vec::new(),
        }
    }

    /// Consumes lines up to the next one that can matter. The last line of a block is never skipped, so that a reader sees
    /// how far the capture reaches.
    pub fn skip(&mut self, lines: &mut Lines) {
        let start = lines.consumed_bytes();
        if start >= self.searched {
            self.search(lines.rest(), start);
        }
        while self.found.last().is_some_and(|at| *at < start) {
            self.found.pop();
        }
        let Some(limit) = self.found.last().map(|at| at - start) else {
            return;
        };
        let rest = lines.rest();
        let (mut length, mut count) = (0, 0);
        while let Some(line) = next_line(rest, length)
            && (length + line.len()) as u64 <= limit
            && can_be_searched(line)
        {
            length += line.len();
            count += 1;
        }
        lines.skip(length, count);
    }

    /// Searches the complete lines of a block.
    fn search(&mut self, block: &[u8], start: u64) {
        self.found.clear();
        let Some(last) = memchr::memrchr(b'\n', block) else {
            return;
        };
        let complete = block.get(..=last).unwrap_or_default();
        self.offsets.clear();
        self.offsets.push(last);
        (self.search)(complete, &mut self.offsets);
        self.offsets.sort_unstable();
        let offsets = self.offsets.iter().rev();
        self.found.extend(offsets.map(|at| start + *at as u64));
        self.searched = start + complete.len() as u64;
    }
}

/// The line at an offset, with its line end.
fn next_line(block: &[u8], from: usize) -> Option<&[u8]> {
    let rest = block.get(from..)?;
    let end = memchr::memchr(b'\n', rest)?;
    rest.get(..=end)
}

/// Whether what a line contains stands in it as text. An object of an event does; another line may change how all lines
/// after it are read.
fn can_be_searched(line: &[u8]) -> bool {
    line.first() == Some(&b'{')
        && (!tool_json::can_be(line) || memchr::memmem::find(line, BASE64).is_none())
}
