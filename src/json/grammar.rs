//! JSON's grammar over tokens as one table: from a state and a token to the next state and what to do.
//! Numbers, literals and strings are single tokens here; their insides are checked elsewhere.

/// What a token asks the walker to do.
pub(super) mod act {
    /// Nothing beyond the change of state.
    pub const GO: u8 = 0x00;
    /// A number or a literal begins: check it.
    pub const SCALAR: u8 = 0x10;
    /// `{`
    pub const OPEN_OBJECT: u8 = 0x20;
    /// `[`
    pub const OPEN_ARRAY: u8 = 0x30;
    /// `}` or `]` that fits.
    pub const CLOSE: u8 = 0x40;
    /// A key begins in a watched object.
    pub const KEY: u8 = 0x50;
    /// The colon after a key of a watched object.
    pub const COLON: u8 = 0x60;
    /// A comma after a field of a watched object.
    pub const COMMA: u8 = 0x70;
    /// `}` after a field of a watched object.
    pub const LAST: u8 = 0x80;
    /// This token cannot stand here.
    pub const FLAW: u8 = 0xf0;
}

/// States; three or five for each kind of container. Four bits.
pub(super) mod state {
    /// At the top: the value is expected.
    pub const TOP_VALUE: u8 = 0;
    /// At the top: the value was there.
    pub const TOP_END: u8 = 1;
    /// After `[`.
    pub const ARRAY_FIRST: u8 = 2;
    /// After a comma in an array.
    pub const ARRAY_VALUE: u8 = 3;
    /// After a value in an array.
    pub const ARRAY_END: u8 = 4;
    /// After `{`; the four others of an object follow in the order of `FIRST` to `END`.
    pub const OBJECT: u8 = 5;
    /// The same five for an object whose fields are reported.
    pub const WATCHED: u8 = 10;

    /// After `{`.
    pub const FIRST: u8 = 0;
    /// After a comma: a key is expected.
    pub const KEY: u8 = 1;
    /// After a key.
    pub const COLON: u8 = 2;
    /// After the colon.
    pub const VALUE: u8 = 3;
    /// After the field's value.
    pub const END: u8 = 4;
}

/// Kinds of token, told by their first byte.
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

static CLASSES: [u8; 256] = classes();
static STEPS: [u8; 128] = steps();

/// The state, in four bits, that follows; and the act, in the other four.
#[inline]
pub(super) fn step(state: u8, token: u8) -> u8 {
    let class = CLASSES[usize::from(token)];
    STEPS[usize::from(((state << 3) | class) & 127)]
}

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

const fn steps() -> [u8; 128] {
    let table = [act::FLAW; 128];
    let table = value(table, state::TOP_VALUE, state::TOP_END);
    let table = value(table, state::ARRAY_FIRST, state::ARRAY_END);
    let table = value(table, state::ARRAY_VALUE, state::ARRAY_END);
    let table = set(table, state::ARRAY_FIRST, class::CLOSE_ARRAY, act::CLOSE);
    let table = set(table, state::ARRAY_END, class::CLOSE_ARRAY, act::CLOSE);
    let table = set(table, state::ARRAY_END, class::COMMA, state::ARRAY_VALUE);
    let table = object(
        table,
        state::OBJECT,
        [act::GO, act::GO, act::GO, act::CLOSE],
    );
    object(
        table,
        state::WATCHED,
        [act::KEY, act::COLON, act::COMMA, act::LAST],
    )
}

const fn object(table: [u8; 128], base: u8, acts: [u8; 4]) -> [u8; 128] {
    let [key, colon, comma, last] = acts;
    let table = set(table, base + state::FIRST, class::CLOSE_OBJECT, act::CLOSE);
    let table = set(
        table,
        base + state::FIRST,
        class::STRING,
        key | (base + state::COLON),
    );
    let table = set(
        table,
        base + state::KEY,
        class::STRING,
        key | (base + state::COLON),
    );
    let table = set(
        table,
        base + state::COLON,
        class::COLON,
        colon | (base + state::VALUE),
    );
    let table = value(table, base + state::VALUE, base + state::END);
    let table = set(
        table,
        base + state::END,
        class::COMMA,
        comma | (base + state::KEY),
    );
    set(table, base + state::END, class::CLOSE_OBJECT, last)
}

/// A value may begin in `at`, and `then` follows it. What follows an opening bracket, the walker knows.
const fn value(table: [u8; 128], at: u8, then: u8) -> [u8; 128] {
    let table = set(table, at, class::OPEN_OBJECT, act::OPEN_OBJECT | then);
    let table = set(table, at, class::OPEN_ARRAY, act::OPEN_ARRAY | then);
    let table = set(table, at, class::STRING, act::GO | then);
    set(table, at, class::SCALAR, act::SCALAR | then)
}

const fn set(mut table: [u8; 128], state: u8, class: u8, step: u8) -> [u8; 128] {
    table[((state << 3) | class) as usize] = step;
    table
}
