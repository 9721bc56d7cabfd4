//! JSON's grammar as one table: what a token may do depends on the two tokens before it and on the container.
//! Numbers, literals and strings are single tokens here; their insides are checked elsewhere.

/// What a token asks the walker to do.
pub(super) mod act {
    /// Nothing.
    pub const GO: u8 = 0;
    /// A number or a literal begins: check it.
    pub const SCALAR: u8 = 1;
    /// `{`
    pub const OPEN_OBJECT: u8 = 2;
    /// `[`
    pub const OPEN_ARRAY: u8 = 3;
    /// `}` or `]` that fits.
    pub const CLOSE: u8 = 4;
    /// A key begins in a watched object.
    pub const KEY: u8 = 5;
    /// The colon after a key of a watched object.
    pub const COLON: u8 = 6;
    /// A comma after a field of a watched object.
    pub const COMMA: u8 = 7;
    /// `}` after a field of a watched object.
    pub const LAST: u8 = 8;
    /// This token cannot stand here.
    pub const FLAW: u8 = 9;
}

/// The container around a token, as bits above the window's.
pub(super) mod container {
    /// None.
    pub const TOP: u16 = 0;
    /// `[ ]`
    pub const ARRAY: u16 = 1 << 9;
    /// `{ }`
    pub const OBJECT: u16 = 2 << 9;
    /// An object whose fields are reported.
    pub const WATCHED: u16 = 3 << 9;
}

/// Kinds of token, told by their first byte; three bits.
mod class {
    pub const OPEN_OBJECT: u8 = 0;
    pub const CLOSE_OBJECT: u8 = 1;
    pub const OPEN_ARRAY: u8 = 2;
    pub const CLOSE_ARRAY: u8 = 3;
    pub const COMMA: u8 = 4;
    pub const COLON: u8 = 5;
    pub const STRING: u8 = 6;
    pub const SCALAR: u8 = 7;
}

/// The last three tokens, the newest in the lowest bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window(u16);

impl Window {
    /// Before the first token; a value may follow, as after a comma.
    pub const START: Window = Window(class::COMMA as u16);

    /// The window moved on by the token that begins with this byte.
    #[inline]
    pub fn then(self, byte: u8) -> Window {
        Window((self.0 << 3 | u16::from(CLASSES[usize::from(byte)])) & 0x1ff)
    }

    /// What the newest token asks for.
    #[inline]
    pub fn act(self, container: u16) -> u8 {
        ACTS[usize::from((container | self.0) & 0x7ff)]
    }

    /// Whether there was no token yet.
    pub fn is_start(self) -> bool {
        self.0 == Self::START.0
    }
}

static CLASSES: [u8; 256] = classes();
static ACTS: [u8; 2048] = acts();

const fn classes() -> [u8; 256] {
    let mut classes = [class::SCALAR; 256];
    classes[b'{' as usize] = class::OPEN_OBJECT;
    classes[b'}' as usize] = class::CLOSE_OBJECT;
    classes[b'[' as usize] = class::OPEN_ARRAY;
    classes[b']' as usize] = class::CLOSE_ARRAY;
    classes[b',' as usize] = class::COMMA;
    classes[b':' as usize] = class::COLON;
    classes[b'"' as usize] = class::STRING;
    classes
}

const fn acts() -> [u8; 2048] {
    let mut acts = [act::FLAW; 2048];
    let mut index: u16 = 0;
    while index < 2048 {
        let [high, low] = index.to_be_bytes();
        let place = Place {
            container: index & (3 << 9),
            before: high << 2 & 0b100 | low >> 6,
            previous: low >> 3 & 7,
        };
        acts[index as usize] = place.act(low & 7);
        index += 1;
    }
    acts
}

/// Where a token stands.
struct Place {
    container: u16,
    before: u8,
    previous: u8,
}

impl Place {
    const fn act(&self, token: u8) -> u8 {
        let watched = self.container == container::WATCHED;
        match token {
            class::STRING if self.value_may_begin() => act::GO,
            class::STRING if self.key_may_begin() => {
                if watched {
                    act::KEY
                } else {
                    act::GO
                }
            }
            class::SCALAR if self.value_may_begin() => act::SCALAR,
            class::OPEN_OBJECT if self.value_may_begin() => act::OPEN_OBJECT,
            class::OPEN_ARRAY if self.value_may_begin() => act::OPEN_ARRAY,
            class::COLON if self.key_ended() => {
                if watched {
                    act::COLON
                } else {
                    act::GO
                }
            }
            class::COMMA if self.value_ended() => {
                if watched {
                    act::COMMA
                } else {
                    act::GO
                }
            }
            class::CLOSE_OBJECT if self.in_object() && self.value_ended() => {
                if watched {
                    act::LAST
                } else {
                    act::CLOSE
                }
            }
            class::CLOSE_OBJECT if self.in_object() && self.previous == class::OPEN_OBJECT => {
                act::CLOSE
            }
            class::CLOSE_ARRAY if self.in_array() && self.value_ended() => act::CLOSE,
            class::CLOSE_ARRAY if self.in_array() && self.previous == class::OPEN_ARRAY => {
                act::CLOSE
            }
            _ => act::FLAW,
        }
    }

    const fn in_object(&self) -> bool {
        matches!(self.container, container::OBJECT | container::WATCHED)
    }

    const fn in_array(&self) -> bool {
        self.container == container::ARRAY
    }

    const fn value_may_begin(&self) -> bool {
        match self.previous {
            class::COLON => self.in_object(),
            class::COMMA => !self.in_object(),
            class::OPEN_ARRAY => self.in_array(),
            _ => false,
        }
    }

    const fn key_may_begin(&self) -> bool {
        self.in_object() && matches!(self.previous, class::COMMA | class::OPEN_OBJECT)
    }

    const fn key_ended(&self) -> bool {
        let began = matches!(self.before, class::COMMA | class::OPEN_OBJECT);
        self.in_object() && self.previous == class::STRING && began
    }

    /// At the top nothing may follow a value.
    const fn value_ended(&self) -> bool {
        match self.previous {
            class::SCALAR | class::CLOSE_OBJECT | class::CLOSE_ARRAY => {
                self.container != container::TOP
            }
            class::STRING => self.in_array() || (self.in_object() && self.before == class::COLON),
            _ => false,
        }
    }
}
