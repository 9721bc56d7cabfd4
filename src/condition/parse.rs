//! Recursive descent parser of conditions.

use super::ast::{Comparison, Expr, Like, List};
use super::fields::Field;
use super::lex::{SpannedToken, Token, tokens};
use super::value::Constant;
use crate::util::parse_error::ParseError;

/// Maximum nesting of parentheses, arrays and objects in a condition.
const MAX_DEPTH: usize = 64;

/// Parses a whole condition; `true` if a path has a spelling that DQL does not have.
pub(super) fn condition(text: &str) -> Result<(Expr, bool), ParseError> {
    let mut parser = Parser::new(text)?;
    if parser.peek() == &Token::End {
        return Err(parser.wrong("a condition such as qty > 5 is missing"));
    }
    let expr = parser.or()?;
    parser.end("AND, OR or the end of the condition")?;
    Ok((expr, parser.is_extended))
}

pub(super) struct Parser<'t> {
    text: &'t str,
    tokens: Vec<SpannedToken>,
    next: usize,
    depth: usize,
    /// Whether a path has a spelling that DQL does not have.
    pub is_extended: bool,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str) -> Result<Self, ParseError> {
        Ok(Parser {
            text,
            tokens: tokens(text)?,
            next: 0,
            depth: 0,
            is_extended: false,
        })
    }

    pub fn or(&mut self) -> Result<Expr, ParseError> {
        let mut terms = vec![self.and()?];
        while self.take_word("OR") || self.take_sign("||") {
            terms.push(self.and()?);
        }
        Ok(one_or(terms, Expr::Or))
    }

    fn and(&mut self) -> Result<Expr, ParseError> {
        let mut terms = vec![self.not()?];
        while self.take_word("AND") || self.take_sign("&&") {
            terms.push(self.not()?);
        }
        Ok(one_or(terms, Expr::And))
    }

    fn not(&mut self) -> Result<Expr, ParseError> {
        if self.take_word("NOT") || self.take_sign("!") {
            let inner = self.deeper(Self::not)?;
            return Ok(Expr::Not(Box::new(inner)));
        }
        let left = self.left_operand()?;
        self.test(left)
    }

    /// The test of a value, if there is one.
    fn test(&mut self, left: Expr) -> Result<Expr, ParseError> {
        let start = self.next;
        let negated = self.peek_is("NOT") && self.ahead_is(&["IN", "BETWEEN", "LIKE", "ILIKE"]);
        self.next += usize::from(negated);
        let left = Box::new(left);
        let test = if let Some(comparison) = self.take_comparison() {
            self.comparison(left, comparison)?
        } else if self.take_word("IN") {
            Expr::In(left, self.list()?)
        } else if self.take_word("BETWEEN") {
            self.between(*left)?
        } else if self.take_word("LIKE") {
            Expr::Like(left, self.like(false)?)
        } else if self.take_word("ILIKE") {
            Expr::Like(left, self.like(true)?)
        } else if self.take_word("IS") {
            self.is(left)?
        } else {
            *left
        };
        if self.next > start && self.at_test() {
            return Err(self.wrong("two tests in a row need parentheses: (a = b) = c"));
        }
        Ok(if negated {
            Expr::Not(Box::new(test))
        } else {
            test
        })
    }

    fn at_test(&self) -> bool {
        let words = ["IN", "BETWEEN", "LIKE", "ILIKE", "IS"];
        comparison(self.peek()).is_some()
            || words.iter().any(|word| self.peek_is(word))
            || (self.peek_is("NOT") && self.ahead_is(&words))
    }

    fn take_comparison(&mut self) -> Option<Comparison> {
        let found = comparison(self.peek())?;
        self.next += 1;
        Some(found)
    }

    /// Rejects a comparison with a literal NULL or MISSING, which is never true.
    fn comparison(&mut self, left: Box<Expr>, comparison: Comparison) -> Result<Expr, ParseError> {
        let sign = self.next - 1;
        let right = Box::new(self.operand()?);
        for (side, other) in [(&left, &right), (&right, &left)] {
            let (word, is_null) = match &**side {
                Expr::Constant(Constant::Null) => ("NULL", true),
                Expr::Constant(Constant::Missing) => ("MISSING", false),
                _ => continue,
            };
            let at = self
                .tokens
                .get(sign)
                .map_or(self.text.len(), |sign| sign.at);
            let meant = match (comparison, is_null) {
                (Comparison::Equal, _) => format!("write IS {word}"),
                (Comparison::Unequal, true) => value_exists(other),
                (Comparison::Unequal, false) => "write IS NOT MISSING".to_owned(),
                _ => format!("write IS {word} or IS NOT {word}"),
            };
            let why = format!("a comparison with {word} is never true: {meant}");
            return Err(self.wrong_at(at, &why));
        }
        Ok(Expr::Compare(left, comparison, right))
    }

    fn between(&mut self, value: Expr) -> Result<Expr, ParseError> {
        let low = self.operand()?;
        if !self.take_word("AND") {
            return Err(self.expected("AND and the upper bound of BETWEEN"));
        }
        let high = self.operand()?;
        Ok(Expr::Between(Box::new([value, low, high])))
    }

    fn like(&mut self, any_case: bool) -> Result<Like, ParseError> {
        let pattern = Box::new(self.operand()?);
        let escape = if self.take_word("ESCAPE") {
            Some(self.one_character()?)
        } else {
            None
        };
        Ok(Like {
            pattern,
            any_case,
            escape,
        })
    }

    fn one_character(&mut self) -> Result<char, ParseError> {
        if let Token::String(text) = self.peek() {
            let mut chars = text.chars();
            if let (Some(only), None) = (chars.next(), chars.next()) {
                self.next += 1;
                return Ok(only);
            }
        }
        Err(self.expected("a string of one character, such as '!'"))
    }

    fn is(&mut self, value: Box<Expr>) -> Result<Expr, ParseError> {
        let negated = self.take_word("NOT");
        let test = if self.take_word("NULL") {
            Expr::IsNull(value)
        } else if self.take_word("MISSING") {
            Expr::IsMissing(value)
        } else if negated {
            return Err(self.expected("NULL or MISSING"));
        } else {
            return Err(self.expected("NULL, MISSING or NOT"));
        };
        Ok(if negated {
            Expr::Not(Box::new(test))
        } else {
            test
        })
    }

    fn list(&mut self) -> Result<List, ParseError> {
        if self.take_sign("(") {
            return Ok(List::Literal(self.items(")", false)?));
        }
        if self.take_sign("[") {
            return Ok(List::Literal(self.items("]", true)?));
        }
        if matches!(self.peek(), Token::Word(_) | Token::Name(_)) {
            return Ok(List::Array(Box::new(self.operand()?)));
        }
        Err(self.expected("a list such as (1, 2)"))
    }

    /// Values or tests separated by commas, after the opening bracket.
    pub fn items(
        &mut self,
        close: &'static str,
        may_be_empty: bool,
    ) -> Result<Vec<Expr>, ParseError> {
        let mut items = Vec::new();
        if may_be_empty && self.take_sign(close) {
            return Ok(items);
        }
        loop {
            let item = if self.is_quoted_field() && ends_item(self.ahead(3), close) {
                self.operand()?
            } else {
                self.deeper(Self::or)?
            };
            items.push(item);
            if self.take_sign(close) {
                return Ok(items);
            }
            if !self.take_sign(",") {
                return Err(self.expected(&format!("',' or '{close}'")));
            }
        }
    }

    /// A condition in parentheses, after the opening one.
    pub fn group(&mut self) -> Result<Expr, ParseError> {
        let inner = self.deeper(Self::or)?;
        if self.take_sign(")") {
            return Ok(inner);
        }
        Err(self.expected("AND, OR or ')'"))
    }

    /// Runs a rule one level deeper.
    pub fn deeper<T>(
        &mut self,
        rule: impl FnOnce(&mut Self) -> Result<T, ParseError>,
    ) -> Result<T, ParseError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.wrong(&format!("nested deeper than {MAX_DEPTH} levels")));
        }
        let result = rule(self);
        self.depth -= 1;
        result
    }

    fn end(&self, expected: &str) -> Result<(), ParseError> {
        match self.peek() {
            Token::End => Ok(()),
            _ => Err(self.expected(expected)),
        }
    }

    pub fn peek(&self) -> &Token {
        self.ahead(0)
    }

    pub fn ahead(&self, count: usize) -> &Token {
        let spanned = self.tokens.get(self.next + count);
        spanned.map_or(&Token::End, |spanned| &spanned.token)
    }

    /// A token as typed.
    pub fn ahead_text(&self, count: usize) -> &'t str {
        let spanned = self.tokens.get(self.next + count);
        let text = spanned.and_then(|spanned| self.text.get(spanned.at..spanned.end));
        text.unwrap_or_default()
    }

    pub fn skip(&mut self) {
        self.next += 1;
    }

    fn peek_is(&self, word: &str) -> bool {
        is_word(self.peek(), word)
    }

    fn ahead_is(&self, words: &[&str]) -> bool {
        words.iter().any(|word| is_word(self.ahead(1), word))
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.peek_is(word);
        self.next += usize::from(found);
        found
    }

    pub fn take_sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Token::Sign(found) if *found == sign);
        self.next += usize::from(found);
        found
    }

    /// Byte offset of the next token.
    pub fn here(&self) -> usize {
        self.tokens
            .get(self.next)
            .map_or(self.text.len(), |spanned| spanned.at)
    }

    /// An error at the next token.
    pub fn wrong(&self, why: &str) -> ParseError {
        self.wrong_at(self.here(), why)
    }

    pub fn wrong_at(&self, at: usize, why: &str) -> ParseError {
        ParseError::new(self.text, at, why.to_owned())
    }

    /// The error for an unexpected next token.
    pub fn expected(&self, what: &str) -> ParseError {
        let found = match self.peek() {
            Token::End => "the end".to_owned(),
            Token::Word(word) | Token::Number(word) => format!("'{word}'"),
            Token::Name(_) => "a name".to_owned(),
            Token::String(_) => "a string".to_owned(),
            Token::Sign(sign) => format!("'{sign}'"),
        };
        let hint = self.hint();
        self.wrong(&format!("expected {what}, found {found}{hint}"))
    }

    /// Hints for operators of other languages.
    fn hint(&self) -> &'static str {
        let before = self.next.checked_sub(1).and_then(|at| self.tokens.get(at));
        let touches = before.is_some_and(|before| before.end == self.here());
        match (before.map(|before| &before.token), self.peek()) {
            (Some(Token::String(_)), Token::String(_)) if touches => {
                "; write a quote inside a string as \\'"
            }
            (Some(Token::Word(_)), Token::Sign("-")) => {
                "; put a name with a dash in backticks (arithmetic is not supported)"
            }
            (Some(Token::Sign(".")), Token::Number(_)) => {
                "; put a name that starts with a digit in backticks, and an index in brackets: [0]"
            }
            (_, Token::Sign(";")) => "; write a condition, not a statement",
            _ => "",
        }
    }
}

/// Advice for `x != NULL`: the test that a field has a value.
fn value_exists(operand: &Expr) -> String {
    let field = match operand {
        Expr::Field(path) => {
            let field = Field::from(path);
            field.path(field.depth())
        }
        _ => "x".to_owned(),
    };
    format!(
        "write {field} IS NOT NULL AND {field} IS NOT MISSING; IS NOT NULL alone also matches documents without the field"
    )
}

/// Whether a token ends a value in a list.
fn ends_item(token: &Token, close: &str) -> bool {
    matches!(token, Token::Sign(sign) if *sign == "," || *sign == close)
}

fn comparison(token: &Token) -> Option<Comparison> {
    Some(match token {
        Token::Sign("=" | "==") => Comparison::Equal,
        Token::Sign("!=" | "<>") => Comparison::Unequal,
        Token::Sign("<") => Comparison::Less,
        Token::Sign("<=") => Comparison::AtMost,
        Token::Sign(">") => Comparison::Greater,
        Token::Sign(">=") => Comparison::AtLeast,
        _ => return None,
    })
}

fn is_word(token: &Token, word: &str) -> bool {
    matches!(token, Token::Word(found) if found.eq_ignore_ascii_case(word))
}

fn one_or(mut terms: Vec<Expr>, many: impl FnOnce(Vec<Expr>) -> Expr) -> Expr {
    match (terms.pop(), terms.is_empty()) {
        (Some(only), true) => only,
        (Some(last), false) => {
            terms.push(last);
            many(terms)
        }
        // Unreachable: a rule always yields a term.
        (None, _) => Expr::Constant(Constant::Missing),
    }
}
