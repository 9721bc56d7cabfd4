//! Lexer of conditions and DQL statements: words, strings, numbers and signs, each with its span.

use crate::json::{check, string_end, unescaped};
use crate::path::backticked;
use crate::util::parse_error::ParseError;

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// A bare word: a name, a function or a keyword.
    Word(String),
    /// A name in backticks.
    Name(String),
    /// A string in single or double quotes, unescaped.
    String(String),
    /// A number without a sign, as typed.
    Number(String),
    /// `=`, `(`, `&&` and the like.
    Sign(&'static str),
    /// The end of the input.
    End,
}

/// A token with its span in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SpannedToken {
    pub token: Token,
    pub at: usize,
    pub end: usize,
}

/// Longer signs come first.
const SIGNS: [&str; 24] = [
    "==", "!=", "<>", "<=", ">=", "&&", "||", "=", "<", ">", "!", "(", ")", "[", "]", "{", "}",
    ",", ":", ".", "-", "+", "*", ";",
];

/// Splits the input; the last token is [`Token::End`].
pub(crate) fn tokens(text: &str) -> Result<Vec<SpannedToken>, ParseError> {
    let mut lexer = Lexer { text, at: 0 };
    let mut found: Vec<SpannedToken> = Vec::new();
    loop {
        lexer.skip_blanks();
        let at = lexer.at;
        let after_name = found
            .last()
            .is_some_and(|last| last.end == at && last.ends_operand());
        let in_bracket = found
            .last()
            .is_some_and(|last| last.end == at && last.token == Token::Sign("["));
        let token = lexer.token(after_name, in_bracket)?;
        let end = token == Token::End;
        found.push(SpannedToken {
            token,
            at,
            end: lexer.at,
        });
        if end {
            return Ok(found);
        }
    }
}

impl SpannedToken {
    /// Whether a dot directly after this token continues a path.
    fn ends_operand(&self) -> bool {
        matches!(
            self.token,
            Token::Word(_) | Token::Name(_) | Token::Sign("]" | ")")
        )
    }
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn token(&mut self, after_name: bool, in_bracket: bool) -> Result<Token, ParseError> {
        let rest = self.rest();
        let mut chars = rest.chars();
        let Some(first) = chars.next() else {
            return Ok(Token::End);
        };
        let digit_next = chars.next().is_some_and(|c| c.is_ascii_digit());
        match first {
            '"' if in_bracket => self.quoted_name(),
            '\'' | '"' => self.text(first),
            '`' => self.name(),
            '0'..='9' => self.number(),
            '.' if digit_next && !after_name => self.number(),
            _ if is_word(first) => Ok(Token::Word(self.take(is_word))),
            _ => self.sign(first),
        }
    }

    fn take(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let rest = self.rest();
        let end = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        let taken = rest.get(..end).unwrap_or_default().to_owned();
        self.at += end;
        taken
    }

    fn sign(&mut self, first: char) -> Result<Token, ParseError> {
        let rest = self.rest();
        if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            self.at += sign.len();
            return Ok(Token::Sign(sign));
        }
        if rest.starts_with("$.") || rest.starts_with("$[") {
            self.at += 1;
            return Ok(Token::Sign("$"));
        }
        let why = if first.is_alphanumeric() || first == '$' || first == '@' {
            format!("'{first}' is not allowed in a bare name: put the name in backticks")
        } else if first == '/' {
            "'/' is not allowed here: write a path as address.city".to_owned()
        } else {
            format!("'{}' is not allowed here", first.escape_debug())
        };
        Err(self.wrong(self.at, why))
    }

    fn name(&mut self) -> Result<Token, ParseError> {
        let Some((name, length)) = backticked(self.rest()) else {
            return Err(self.wrong(self.at, "this name has no closing `".into()));
        };
        self.at += length;
        Ok(Token::Name(name))
    }

    /// A string after a bracket, which may be a name as it is printed: with pairs of surrogates.
    fn quoted_name(&mut self) -> Result<Token, ParseError> {
        let start = self.at;
        let wrong = match self.text('"') {
            Ok(token) => return Ok(token),
            Err(wrong) => wrong,
        };
        self.at = start;
        let rest = self.rest().as_bytes();
        let end = string_end(rest, 0);
        let raw = end.and_then(|end| rest.get(..end));
        let name = raw
            .filter(|raw| check(raw).is_ok())
            .and_then(|raw| String::from_utf8(unescaped(raw).into_owned()).ok());
        self.at += end.unwrap_or_default();
        name.map(Token::String).ok_or(wrong)
    }

    fn text(&mut self, quote: char) -> Result<Token, ParseError> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        while let Some(c) = self.rest().chars().next() {
            let here = self.at;
            self.at += c.len_utf8();
            match c {
                '\\' => text.push(self.escape(here)?),
                _ if c == quote => return Ok(Token::String(text)),
                _ => text.push(c),
            }
        }
        Err(self.wrong(start, format!("this string has no closing {quote}")))
    }

    /// The character of an escape, after the backslash; an unknown letter stands for itself.
    fn escape(&mut self, start: usize) -> Result<char, ParseError> {
        let Some(c) = self.rest().chars().next() else {
            return Err(self.wrong(start, "a backslash ends the condition".into()));
        };
        self.at += c.len_utf8();
        Ok(match c {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return self.unicode(start),
            _ => c,
        })
    }

    fn unicode(&mut self, start: usize) -> Result<char, ParseError> {
        let digits = self.rest().get(..4).unwrap_or_default();
        let hexadecimal = digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        let character = u32::from_str_radix(digits, 16)
            .ok()
            .filter(|_| hexadecimal)
            .and_then(char::from_u32);
        let why = "\\u needs four hexadecimal digits; type characters above U+FFFF as they are";
        let character = character.ok_or_else(|| self.wrong(start, why.into()))?;
        self.at += 4;
        Ok(character)
    }

    fn number(&mut self) -> Result<Token, ParseError> {
        let start = self.at;
        if self.rest().starts_with("0x") {
            self.at += 2;
            let digits = self.take(|c| c.is_ascii_hexdigit());
            return self.whole_number(start, !digits.is_empty());
        }
        self.take(|c| c.is_ascii_digit());
        if self.rest().starts_with('.') {
            self.at += 1;
            self.take(|c| c.is_ascii_digit());
        }
        let mut complete = true;
        if self.rest().starts_with(['e', 'E']) {
            self.at += 1;
            if self.rest().starts_with(['+', '-']) {
                self.at += 1;
            }
            complete = !self.take(|c| c.is_ascii_digit()).is_empty();
        }
        self.whole_number(start, complete)
    }

    /// Ends a number, which a letter must not follow directly.
    fn whole_number(&mut self, start: usize, complete: bool) -> Result<Token, ParseError> {
        if !complete || self.rest().starts_with(is_word) {
            let why = "this is not a valid number; put a name that starts with a digit in backticks, and an index in brackets";
            return Err(self.wrong(start, why.into()));
        }
        let typed = self.text.get(start..self.at).unwrap_or_default();
        Ok(Token::Number(typed.to_owned()))
    }

    fn wrong(&self, at: usize, why: String) -> ParseError {
        ParseError::new(self.text, at, why)
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
