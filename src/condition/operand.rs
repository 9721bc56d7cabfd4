//! Parser of operands: paths, constants, functions, and conditions in parentheses.

use super::ast::{Delta, Envelope, Expr, Path, Side, SubstringTest};
use super::lex::Token;
use super::number::Number;
use super::parse::Parser;
use super::value::Constant;
use crate::path::Step;
use crate::util::parse_error::ParseError;

/// Keywords. A field with such a name needs backticks.
const RESERVED: [&str; 9] = [
    "AND", "OR", "NOT", "IN", "BETWEEN", "LIKE", "ILIKE", "ESCAPE", "IS",
];

/// All functions, for messages.
const FUNCTIONS: &str =
    "contains, starts_with, ends_with, array_contains, type, changed, added and removed";

const OPERAND: &str = "a field, a value or '('";

impl Parser<'_> {
    /// The first operand of a test, or a condition in itself. A name in double quotes and brackets, which would be a
    /// constant on the other side, is a field here: `["odd.key"]` as it is printed.
    pub(super) fn left_operand(&mut self) -> Result<Expr, ParseError> {
        if self.is_quoted_field() {
            return self.rooted_path();
        }
        self.operand()
    }

    /// Whether a name in double quotes and brackets comes next. In single quotes it is an array, as in DQL.
    pub(super) fn is_quoted_field(&self) -> bool {
        let tokens = [self.peek(), self.ahead(1), self.ahead(2)];
        let is_string = matches!(
            tokens,
            [Token::Sign("["), Token::String(_), Token::Sign("]")]
        );
        is_string && self.ahead_text(1).starts_with('"')
    }

    /// A path at its first bracket, or at the `.` or `$` that stands for the document.
    fn rooted_path(&mut self) -> Result<Expr, ParseError> {
        let steps = self.rooted_steps()?;
        let side = Side::Document;
        Ok(Expr::Field(Path { side, steps }))
    }

    fn rooted_steps(&mut self) -> Result<Vec<Step>, ParseError> {
        self.is_extended = true;
        let dollar = self.take_sign("$");
        let dot = self.take_sign(".");
        let mut steps = Vec::new();
        match self.peek() {
            Token::Word(_) | Token::Name(_) if dot => steps.push(self.key()?),
            Token::Sign("[") => {}
            _ if dollar => return Err(self.expected("the name of a field")),
            _ => return Ok(steps),
        }
        self.steps(steps)
    }

    pub(super) fn operand(&mut self) -> Result<Expr, ParseError> {
        if let Some(number) = self.number()? {
            return Ok(Expr::Constant(Constant::Number(number)));
        }
        match self.peek().clone() {
            Token::String(text) => {
                self.skip();
                Ok(Expr::Constant(Constant::String(text)))
            }
            Token::Sign("(") => {
                self.skip();
                self.group()
            }
            Token::Sign("[" | "{") => {
                let mut json = String::new();
                self.json(&mut json)?;
                Ok(Expr::Constant(Constant::Json(json.into_bytes())))
            }
            Token::Word(word) => self.word(&word),
            Token::Name(_) => self.path(Side::Document),
            Token::Sign("." | "$") => self.rooted_path(),
            _ => Err(self.expected(OPERAND)),
        }
    }

    /// A number with its sign, if one comes next.
    fn number(&mut self) -> Result<Option<Number>, ParseError> {
        let negative = self.take_sign("-");
        let signed = negative || self.take_sign("+");
        let Token::Number(typed) = self.peek() else {
            return if signed {
                Err(self.expected("a number; arithmetic is not supported"))
            } else {
                Ok(None)
            };
        };
        let number = Number::parse_literal(typed, negative);
        let number = number.ok_or_else(|| self.wrong("this is not a valid number"))?;
        self.skip();
        Ok(Some(number))
    }

    fn word(&mut self, word: &str) -> Result<Expr, ParseError> {
        if RESERVED
            .iter()
            .any(|reserved| word.eq_ignore_ascii_case(reserved))
        {
            return Err(self.expected(OPERAND));
        }
        if matches!(self.ahead(1), Token::Sign("(")) {
            return self.function(word);
        }
        if let Some(constant) = literal(word) {
            self.skip();
            return Ok(Expr::Constant(constant));
        }
        match word {
            "old" => self.side(Side::Old),
            "new" => self.side(Side::New),
            "collection" => self.envelope(Envelope::Collection, word),
            "method" => self.envelope(Envelope::Method, word),
            "op" => self.envelope(Envelope::Op, word),
            "txnId" => self.envelope(Envelope::TxnId, word),
            _ => self.path(Side::Document),
        }
    }

    fn envelope(&mut self, envelope: Envelope, word: &str) -> Result<Expr, ParseError> {
        let start = self.here();
        self.skip();
        if matches!(self.peek(), Token::Sign("." | "[")) {
            return Err(self.wrong_at(
                start,
                &format!(
                    "{word} is a property of the event and has no fields; write the document's field `{word}` in backticks"
                ),
            ));
        }
        Ok(Expr::Envelope(envelope))
    }

    /// `old` or `new`, alone or with a path.
    fn side(&mut self, side: Side) -> Result<Expr, ParseError> {
        self.skip();
        let steps = self.steps(Vec::new())?;
        Ok(Expr::Field(Path { side, steps }))
    }

    fn path(&mut self, side: Side) -> Result<Expr, ParseError> {
        let first = self.key()?;
        let steps = self.steps(vec![first])?;
        Ok(Expr::Field(Path { side, steps }))
    }

    /// A path that is evaluated in both documents.
    pub(super) fn path_in_both(&mut self) -> Result<Vec<Step>, ParseError> {
        let side = matches!(self.peek(), Token::Word(word) if word == "old" || word == "new");
        if side {
            return Err(self.wrong(
                "this path is read in both documents: leave out old. and new., or put the field's name in backticks",
            ));
        }
        if matches!(self.peek(), Token::Sign("[" | "." | "$")) {
            return self.rooted_steps();
        }
        let first = self.key()?;
        self.steps(vec![first])
    }

    fn key(&mut self) -> Result<Step, ParseError> {
        match self.peek().clone() {
            Token::Word(name) | Token::Name(name) => {
                self.skip();
                Ok(Step::Key(name.into_bytes()))
            }
            _ => Err(self.expected("the name of a field")),
        }
    }

    fn steps(&mut self, mut steps: Vec<Step>) -> Result<Vec<Step>, ParseError> {
        loop {
            if self.take_sign(".") {
                if matches!(self.peek(), Token::Sign("[")) {
                    self.is_extended = true;
                } else {
                    steps.push(self.key()?);
                }
            } else if self.take_sign("[") {
                steps.push(self.index()?);
            } else {
                return Ok(steps);
            }
        }
    }

    fn index(&mut self) -> Result<Step, ParseError> {
        let step = match self.peek().clone() {
            Token::Number(typed) => typed.parse().ok().map(Step::Index),
            Token::String(name) => {
                self.is_extended = true;
                Some(Step::Key(name.into_bytes()))
            }
            Token::Sign("*" | "]") => {
                return Err(self.wrong("a condition reads one value: write an index such as [0]"));
            }
            _ => None,
        };
        let Some(step) = step else {
            return Err(self.expected("an index: 0, 1, …"));
        };
        self.skip();
        if self.take_sign("]") {
            return Ok(step);
        }
        Err(self.expected("']'"))
    }

    /// A function, at its name.
    fn function(&mut self, typed: &str) -> Result<Expr, ParseError> {
        let name = typed.to_ascii_lowercase();
        if let Some(delta) = delta(&name) {
            return self.delta(delta);
        }
        let start = self.here();
        if !is_function(&name) {
            return Err(self.wrong(&format!(
                "unknown function {typed}; the functions are {FUNCTIONS}"
            )));
        }
        self.skip();
        self.skip();
        let arguments = self.arguments()?;
        let wrong = |count: &str| self.wrong_at(start, &format!("{name} takes {count}"));
        if name == "type" {
            let [value] = <[Expr; 1]>::try_from(arguments).map_err(|_| wrong("one value"))?;
            return Ok(Expr::Type(Box::new(value)));
        }
        let pair = <[Expr; 2]>::try_from(arguments).map_err(|_| wrong("two values"))?;
        Ok(match part(&name) {
            Some(part) => Expr::Substring(part, Box::new(pair)),
            None => Expr::ArrayContains(Box::new(pair)),
        })
    }

    /// The arguments of a function. The first one is a field, also if it is quoted in brackets.
    fn arguments(&mut self) -> Result<Vec<Expr>, ParseError> {
        if !self.is_quoted_field() {
            return self.items(")", true);
        }
        let mut arguments = vec![self.deeper(Self::or)?];
        if self.take_sign(",") {
            arguments.extend(self.items(")", false)?);
        } else if !self.take_sign(")") {
            return Err(self.expected("',' or ')'"));
        }
        Ok(arguments)
    }

    fn delta(&mut self, delta: Delta) -> Result<Expr, ParseError> {
        self.skip();
        self.skip();
        let steps = self.path_in_both()?;
        if self.take_sign(")") {
            return Ok(Expr::Delta(delta, steps));
        }
        Err(self.expected("')' after the path"))
    }

    /// An array or object of constants, as JSON.
    fn json(&mut self, out: &mut String) -> Result<(), ParseError> {
        if let Some(number) = self.number()? {
            out.push_str(&number.json());
            return Ok(());
        }
        match self.peek().clone() {
            Token::String(text) => {
                self.skip();
                out.push_str(&quoted(&text));
            }
            Token::Word(word) => {
                let name = json_literal(&word)
                    .ok_or_else(|| self.expected("a constant: fields are not allowed here"))?;
                self.skip();
                out.push_str(name);
            }
            Token::Sign("[") => self.deeper(|parser| parser.json_members(out, "]"))?,
            Token::Sign("{") => self.deeper(|parser| parser.json_members(out, "}"))?,
            _ => return Err(self.expected("a constant")),
        }
        Ok(())
    }

    /// An array or object, at its opening bracket.
    fn json_members(&mut self, out: &mut String, close: &'static str) -> Result<(), ParseError> {
        let object = close == "}";
        self.skip();
        out.push(if object { '{' } else { '[' });
        let mut first = true;
        while !self.take_sign(close) {
            if !first {
                if !self.take_sign(",") {
                    return Err(self.expected(&format!("',' or '{close}'")));
                }
                out.push(',');
            }
            first = false;
            if object {
                self.json_key(out)?;
            }
            self.json(out)?;
        }
        out.push_str(close);
        Ok(())
    }

    fn json_key(&mut self, out: &mut String) -> Result<(), ParseError> {
        let Token::String(key) = self.peek().clone() else {
            return Err(self.expected("a key in quotes"));
        };
        self.skip();
        if !self.take_sign(":") {
            return Err(self.expected("':'"));
        }
        out.push_str(&quoted(&key));
        out.push(':');
        Ok(())
    }
}

fn literal(word: &str) -> Option<Constant> {
    Some(match word.to_ascii_lowercase().as_str() {
        "null" => Constant::Null,
        "missing" => Constant::Missing,
        "true" => Constant::Bool(true),
        "false" => Constant::Bool(false),
        _ => return None,
    })
}

fn json_literal(word: &str) -> Option<&'static str> {
    match literal(word)? {
        Constant::Bool(true) => Some("true"),
        Constant::Bool(false) => Some("false"),
        Constant::Null => Some("null"),
        _ => None,
    }
}

fn delta(name: &str) -> Option<Delta> {
    Some(match name {
        "changed" => Delta::Changed,
        "added" => Delta::Added,
        "removed" => Delta::Removed,
        _ => return None,
    })
}

fn part(name: &str) -> Option<SubstringTest> {
    Some(match name {
        "contains" => SubstringTest::Anywhere,
        "starts_with" => SubstringTest::Start,
        "ends_with" => SubstringTest::End,
        _ => return None,
    })
}

fn is_function(name: &str) -> bool {
    part(name).is_some() || matches!(name, "type" | "array_contains")
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
