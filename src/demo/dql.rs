//! Parser of the DQL subset that this program sends. Unknown statements are errors in the form of the engine's.

use crate::condition::Condition;
use crate::snapshot::document_id::IdType;

/// A statement.
#[derive(Debug)]
pub(super) enum Statement {
    /// `SELECT * FROM system:collections`
    Listing(Option<u64>),
    /// `SELECT …`
    Select(Select),
    /// `INSERT INTO collection DOCUMENTS (:argument)`
    Insert(String, String),
    /// `DELETE FROM collection WHERE …`
    Delete(String, Vec<Predicate>),
}

/// A `SELECT` statement.
#[derive(Debug)]
pub(super) struct Select {
    pub(super) wanted: Projection,
    pub(super) collection: String,
    pub(super) tests: Vec<Predicate>,
    pub(super) ordered: bool,
    pub(super) limit: Option<u64>,
    pub(super) offset: u64,
}

/// The projection of a `SELECT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Projection {
    /// `*`
    Documents,
    /// `COUNT(*) AS n`
    Count,
    /// `type(_id) AS t, COUNT(*) AS n … GROUP BY type(_id)`
    Census,
}

/// One condition of a `WHERE`; all have to hold.
#[derive(Debug)]
pub(super) enum Predicate {
    /// `type(_id) = 'kind'`
    Type(IdType),
    /// `_id = :argument`
    Is(String),
    /// `_id > :argument`, for arrays and objects `CAST(_id AS STRING) > CAST(:argument AS STRING)`
    Behind(String),
    /// A condition in parentheses.
    Own(Box<Condition>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum TokenKind {
    Word(String),
    Name(String),
    Text(String),
    Argument(String),
    Sign(char),
}

#[derive(Debug)]
struct Token {
    kind: TokenKind,
    start: usize,
    end: usize,
}

/// Parses a statement.
///
/// # Errors
/// The message, in the form of the engine's.
pub(super) fn parse(text: &str) -> Result<Statement, String> {
    let tokens = lex(text)?;
    let mut parser = Parser {
        text,
        tokens,
        at: 0,
    };
    let statement = parser.statement()?;
    match parser.peek() {
        None => Ok(statement),
        Some(_) => Err(parser.unexpected("end of statement")),
    }
}

fn lex(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        let rest = text.get(start + c.len_utf8()..).unwrap_or_default();
        let kind = match c {
            _ if c.is_whitespace() => continue,
            '-' if rest.starts_with('-') => {
                while chars.next_if(|(_, c)| *c != '\n').is_some() {}
                continue;
            }
            '`' => TokenKind::Name(quoted(c, &mut chars)?),
            '\'' | '"' => TokenKind::Text(quoted(c, &mut chars)?),
            ':' => TokenKind::Argument(word(&mut chars)),
            _ if is_word(c) => TokenKind::Word(format!("{c}{}", word(&mut chars))),
            sign => TokenKind::Sign(sign),
        };
        let end = chars.peek().map_or(text.len(), |(at, _)| *at);
        tokens.push(Token { kind, start, end });
    }
    Ok(tokens)
}

type Chars<'a> = std::iter::Peekable<std::str::CharIndices<'a>>;

fn word(chars: &mut Chars<'_>) -> String {
    let mut word = String::new();
    while let Some((_, c)) = chars.next_if(|(_, c)| is_word(*c)) {
        word.push(c);
    }
    word
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Up to the closing quote; a doubled backtick is one, and a backslash escapes in other quotes.
fn quoted(quote: char, chars: &mut Chars<'_>) -> Result<String, String> {
    let mut text = String::new();
    while let Some((_, c)) = chars.next() {
        if c == quote {
            if quote != '`' || chars.next_if(|(_, c)| *c == '`').is_none() {
                return Ok(text);
            }
            text.push('`');
        } else if c == '\\' && quote != '`' {
            text.extend(chars.next().map(|(_, c)| c));
        } else {
            text.push(c);
        }
    }
    Err(format!(
        "Invalid query: sql parser error: Unterminated {quote}"
    ))
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&TokenKind> {
        self.tokens.get(self.at).map(|token| &token.kind)
    }

    fn unexpected(&self, expected: &str) -> String {
        let token = self.tokens.get(self.at);
        let found = token.and_then(|token| self.text.get(token.start..token.end));
        let found = found.unwrap_or("EOF");
        format!("Invalid query: sql parser error: Expected: {expected}, found: {found}")
    }

    fn has_word(&mut self, wanted: &str) -> bool {
        let found =
            matches!(self.peek(), Some(TokenKind::Word(word)) if word.eq_ignore_ascii_case(wanted));
        self.at += usize::from(found);
        found
    }

    fn has_sign(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(&TokenKind::Sign(wanted));
        self.at += usize::from(found);
        found
    }

    /// These words and signs, blanks between them.
    fn expect(&mut self, pattern: &str) -> Result<(), String> {
        for part in pattern.split(' ') {
            let sign = part.chars().next().filter(|c| !is_word(*c));
            let found = match sign {
                Some(sign) => self.has_sign(sign),
                None => self.has_word(part),
            };
            if !found {
                return Err(self.unexpected(part));
            }
        }
        Ok(())
    }

    /// Whether they stand here; then they are passed.
    fn has(&mut self, pattern: &str) -> bool {
        let at = self.at;
        let found = self.expect(pattern).is_ok();
        if !found {
            self.at = at;
        }
        found
    }

    fn statement(&mut self) -> Result<Statement, String> {
        if self.has_word("SELECT") {
            return self.select();
        }
        if self.has("INSERT INTO") {
            let collection = self.name()?;
            self.expect("DOCUMENTS (")?;
            let document = self.argument()?;
            self.expect(")")?;
            return Ok(Statement::Insert(collection, document));
        }
        if self.has("DELETE FROM") {
            let collection = self.name()?;
            self.expect("WHERE")?;
            return Ok(Statement::Delete(collection, self.tests()?));
        }
        Err(self.unexpected("SELECT, INSERT or DELETE"))
    }

    fn select(&mut self) -> Result<Statement, String> {
        let wanted = self.wanted()?;
        self.expect("FROM")?;
        if wanted == Projection::Documents && self.has_word("system") {
            if self.peek() != Some(&TokenKind::Argument("collections".to_owned())) {
                return Err(self.unexpected("system:collections"));
            }
            self.at += 1;
            return Ok(Statement::Listing(self.count("LIMIT")?));
        }
        let collection = self.name()?;
        let tests = if self.has_word("WHERE") {
            self.tests()?
        } else {
            Vec::new()
        };
        if wanted == Projection::Census {
            self.expect("GROUP BY type ( _id )")?;
        }
        let ordered = wanted == Projection::Documents && self.has("ORDER BY");
        if ordered && !self.has("CAST ( _id AS STRING )") {
            self.expect("_id")?;
        }
        Ok(Statement::Select(Select {
            wanted,
            collection,
            tests,
            ordered,
            limit: self.count("LIMIT")?,
            offset: self.count("OFFSET")?.unwrap_or(0),
        }))
    }

    fn wanted(&mut self) -> Result<Projection, String> {
        if self.has_sign('*') {
            return Ok(Projection::Documents);
        }
        if self.has("type ( _id ) AS t , COUNT ( * ) AS n") {
            return Ok(Projection::Census);
        }
        if self.has("COUNT ( * ) AS n") {
            return Ok(Projection::Count);
        }
        if let (Some(TokenKind::Word(name)), Some(TokenKind::Sign('('))) =
            (self.peek(), self.tokens.get(self.at + 1).map(|t| &t.kind))
        {
            return Err(format!("Invalid query: Function \"{name}\" not found"));
        }
        Err(self.unexpected("*, COUNT(*) AS n, or type(_id) AS t, COUNT(*) AS n"))
    }

    fn count(&mut self, word: &str) -> Result<Option<u64>, String> {
        if !self.has_word(word) {
            return Ok(None);
        }
        let number = match self.peek() {
            Some(TokenKind::Word(digits)) => digits.parse().ok(),
            _ => None,
        };
        let number = number.ok_or_else(|| self.unexpected("a number"))?;
        self.at += 1;
        Ok(Some(number))
    }

    fn name(&mut self) -> Result<String, String> {
        let name = match self.peek() {
            Some(TokenKind::Name(name) | TokenKind::Word(name)) if !name.is_empty() => name.clone(),
            _ => return Err(self.unexpected("a collection")),
        };
        self.at += 1;
        Ok(name)
    }

    fn argument(&mut self) -> Result<String, String> {
        let Some(TokenKind::Argument(name)) = self.peek().cloned() else {
            return Err(self.unexpected("an argument"));
        };
        self.at += 1;
        Ok(name)
    }

    fn tests(&mut self) -> Result<Vec<Predicate>, String> {
        let mut tests = vec![self.test()?];
        while self.has_word("AND") {
            tests.push(self.test()?);
        }
        Ok(tests)
    }

    fn test(&mut self) -> Result<Predicate, String> {
        if self.has("type ( _id ) =") {
            let kind = match self.peek() {
                Some(TokenKind::Text(name)) => IdType::parse(name),
                _ => None,
            };
            let kind = kind.ok_or_else(|| self.unexpected("a type of id"))?;
            self.at += 1;
            return Ok(Predicate::Type(kind));
        }
        if self.has("CAST ( _id AS STRING ) > CAST (") {
            let argument = self.argument()?;
            self.expect("AS STRING )")?;
            return Ok(Predicate::Behind(argument));
        }
        if self.has("_id >") {
            return self.argument().map(Predicate::Behind);
        }
        if self.has("_id =") {
            return self.argument().map(Predicate::Is);
        }
        self.raw_condition()
    }

    /// A condition in parentheses, which is read as the rest of the program reads conditions.
    fn raw_condition(&mut self) -> Result<Predicate, String> {
        let start = self.tokens.get(self.at).map_or(0, |token| token.end);
        self.expect("(")?;
        let mut depth = 1_u32;
        while let Some(token) = self.tokens.get(self.at) {
            self.at += 1;
            match token.kind {
                TokenKind::Sign('(') => depth = depth.saturating_add(1),
                TokenKind::Sign(')') => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                let text = self.text.get(start..token.start).unwrap_or_default();
                let parsed = Condition::parse(text.trim());
                let parsed = parsed.map_err(|why| format!("Invalid query: {}", why.why()))?;
                return Ok(Predicate::Own(Box::new(parsed)));
            }
        }
        Err(self.unexpected(")"))
    }
}

#[cfg(test)]
#[path = "tests/dql.rs"]
mod tests;
