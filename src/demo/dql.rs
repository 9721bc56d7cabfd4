//! Parser of the DQL subset that this program sends. Error messages have the form of the engine's.

use crate::condition::{Condition, SpannedToken, Token, tokens};
use crate::snapshot::document_id::IdType;

/// A statement.
#[derive(Debug)]
pub(super) enum Statement {
    /// `SELECT * FROM system:collections`
    Listing(Option<u64>),
    /// `SELECT …`
    Select(Select),
    /// `INSERT INTO collection DOCUMENTS (:argument)`
    Insert {
        collection: String,
        argument: String,
        /// `ON ID CONFLICT DO UPDATE`
        updates: bool,
    },
    /// `DELETE FROM collection WHERE …`
    Delete(String, Vec<Predicate>),
}

/// A `SELECT` statement.
#[derive(Debug)]
pub(super) struct Select {
    pub(super) projection: Projection,
    pub(super) collection: String,
    pub(super) predicates: Vec<Predicate>,
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

/// One term of a `WHERE`; all of them must hold.
#[derive(Debug)]
pub(super) enum Predicate {
    /// `type(_id) = 'kind'`
    Type(IdType),
    /// `_id = :argument`
    Is(String),
    /// `_id > :argument`, for arrays and objects `CAST(_id AS STRING) > CAST(:argument AS STRING)`
    After(String),
    /// A condition in parentheses.
    Condition(Box<Condition>),
}

/// Parses a statement.
///
/// # Errors
/// The error message, in the form of the engine's.
pub(super) fn parse(text: &str) -> Result<Statement, String> {
    let tokens = tokens(text).map_err(|error| syntax_error(error.why()))?;
    let mut parser = Parser {
        text,
        tokens,
        at: 0,
    };
    let statement = parser.statement()?;
    match parser.peek() {
        Token::End => Ok(statement),
        _ => Err(parser.unexpected("end of statement")),
    }
}

fn syntax_error(why: &str) -> String {
    format!("Invalid query: sql parser error: {why}")
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<SpannedToken>,
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        self.ahead(0)
    }

    fn ahead(&self, count: usize) -> &Token {
        let spanned = self.tokens.get(self.at + count);
        spanned.map_or(&Token::End, |spanned| &spanned.token)
    }

    fn unexpected(&self, expected: &str) -> String {
        let token = self.tokens.get(self.at);
        let found = token.and_then(|token| self.text.get(token.at..token.end));
        let found = found.filter(|found| !found.is_empty()).unwrap_or("EOF");
        syntax_error(&format!("Expected: {expected}, found: {found}"))
    }

    fn has_word(&mut self, wanted: &str) -> bool {
        let found = matches!(self.peek(), Token::Word(word) if word.eq_ignore_ascii_case(wanted));
        self.at += usize::from(found);
        found
    }

    fn has_sign(&mut self, wanted: &str) -> bool {
        let found = matches!(self.peek(), Token::Sign(sign) if *sign == wanted);
        self.at += usize::from(found);
        found
    }

    /// Consumes words and signs; blanks separate them in the pattern.
    fn expect(&mut self, pattern: &str) -> Result<(), String> {
        for part in pattern.split(' ') {
            if !(self.has_word(part) || self.has_sign(part)) {
                return Err(self.unexpected(part));
            }
        }
        Ok(())
    }

    /// Consumes words and signs if all of them come next.
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
            let argument = self.argument()?;
            self.expect(")")?;
            return Ok(Statement::Insert {
                collection,
                argument,
                updates: self.has("ON ID CONFLICT DO UPDATE"),
            });
        }
        if self.has("DELETE FROM") {
            let collection = self.name()?;
            self.expect("WHERE")?;
            return Ok(Statement::Delete(collection, self.predicates()?));
        }
        Err(self.unexpected("SELECT, INSERT or DELETE"))
    }

    fn select(&mut self) -> Result<Statement, String> {
        let projection = self.projection()?;
        self.expect("FROM")?;
        if projection == Projection::Documents && self.has_word("system") {
            self.expect(": collections")?;
            self.alias()?;
            return Ok(Statement::Listing(self.count("LIMIT")?));
        }
        let collection = self.name()?;
        self.alias()?;
        let predicates = if self.has_word("WHERE") {
            self.predicates()?
        } else {
            Vec::new()
        };
        if projection == Projection::Census {
            self.expect("GROUP BY type ( _id )")?;
        }
        let ordered = projection == Projection::Documents && self.has("ORDER BY");
        if ordered && !self.has("CAST ( _id AS STRING )") {
            self.expect("_id")?;
        }
        Ok(Statement::Select(Select {
            projection,
            collection,
            predicates,
            ordered,
            limit: self.count("LIMIT")?,
            offset: self.count("OFFSET")?.unwrap_or(0),
        }))
    }

    fn projection(&mut self) -> Result<Projection, String> {
        if self.has_sign("*") {
            return Ok(Projection::Documents);
        }
        if self.has("type ( _id ) AS t , COUNT ( * ) AS n") {
            return Ok(Projection::Census);
        }
        if self.has("COUNT ( * ) AS n") {
            return Ok(Projection::Count);
        }
        if let (Token::Word(name), Token::Sign("(")) = (self.peek(), self.ahead(1)) {
            return Err(format!("Invalid query: Function \"{name}\" not found"));
        }
        Err(self.unexpected("*, COUNT(*) AS n, or type(_id) AS t, COUNT(*) AS n"))
    }

    fn count(&mut self, word: &str) -> Result<Option<u64>, String> {
        if !self.has_word(word) {
            return Ok(None);
        }
        let number = match self.peek() {
            Token::Number(digits) => digits.parse().ok(),
            _ => None,
        };
        let number = number.ok_or_else(|| self.unexpected("a number"))?;
        self.at += 1;
        Ok(Some(number))
    }

    fn name(&mut self) -> Result<String, String> {
        let name = match self.peek() {
            Token::Name(name) | Token::Word(name) if !name.is_empty() => name.clone(),
            _ => return Err(self.unexpected("a collection")),
        };
        self.at += 1;
        Ok(name)
    }

    /// Consumes `AS word`. Conditions here know fields only, so that an alias changes nothing.
    fn alias(&mut self) -> Result<(), String> {
        if self.has_word("AS") {
            self.name()?;
        }
        Ok(())
    }

    fn argument(&mut self) -> Result<String, String> {
        match (self.peek(), self.ahead(1)) {
            (Token::Sign(":"), Token::Word(name)) => {
                let name = name.clone();
                self.at += 2;
                Ok(name)
            }
            _ => Err(self.unexpected("an argument")),
        }
    }

    fn predicates(&mut self) -> Result<Vec<Predicate>, String> {
        let mut predicates = vec![self.predicate()?];
        while self.has_word("AND") {
            predicates.push(self.predicate()?);
        }
        Ok(predicates)
    }

    fn predicate(&mut self) -> Result<Predicate, String> {
        if self.has("type ( _id ) =") {
            let kind = match self.peek() {
                Token::String(name) => IdType::parse(name),
                _ => None,
            };
            let kind = kind.ok_or_else(|| self.unexpected("a type of id"))?;
            self.at += 1;
            return Ok(Predicate::Type(kind));
        }
        if self.has("CAST ( _id AS STRING ) > CAST (") {
            let argument = self.argument()?;
            self.expect("AS STRING )")?;
            return Ok(Predicate::After(argument));
        }
        if self.has("_id >") {
            return self.argument().map(Predicate::After);
        }
        if self.has("_id =") {
            return self.argument().map(Predicate::Is);
        }
        self.condition()
    }

    /// A condition in parentheses, in the language of `--where`.
    fn condition(&mut self) -> Result<Predicate, String> {
        let start = self.tokens.get(self.at).map_or(0, |token| token.end);
        self.expect("(")?;
        let mut depth = 1_u32;
        while let Some(token) = self.tokens.get(self.at) {
            match token.token {
                Token::Sign("(") => depth = depth.saturating_add(1),
                Token::Sign(")") => depth -= 1,
                Token::End => break,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                let text = self.text.get(start..token.at).unwrap_or_default();
                let parsed = Condition::parse(text.trim());
                let parsed = parsed.map_err(|why| format!("Invalid query: {}", why.why()))?;
                return Ok(Predicate::Condition(Box::new(parsed)));
            }
        }
        Err(self.unexpected(")"))
    }
}

#[cfg(test)]
#[path = "tests/dql.rs"]
mod tests;
