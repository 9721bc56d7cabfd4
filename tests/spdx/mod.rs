//! SPDX licence expressions such as `(MIT OR Apache-2.0) AND Unicode-3.0`.

/// Whether these licences satisfy an expression. A `/` between names is the old syntax for OR.
pub fn allows(expression: &str, licences: &[&str]) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader {
        words: &words,
        licences,
    };
    reader.any() && reader.words.is_empty()
}

struct Reader<'a> {
    words: &'a [&'a str],
    licences: &'a [&'a str],
}

impl Reader<'_> {
    fn any(&mut self) -> bool {
        let mut met = self.all();
        while self.take("OR") {
            met |= self.all();
        }
        met
    }

    fn all(&mut self) -> bool {
        let mut met = self.one();
        while self.take("AND") {
            met &= self.one();
        }
        met
    }

    fn one(&mut self) -> bool {
        if self.take("(") {
            let met = self.any();
            return self.take(")") && met;
        }
        let Some((name, rest)) = self.words.split_first() else {
            return false;
        };
        self.words = rest;
        if self.take("WITH") {
            // An exception only ever grants more.
            self.words = self.words.get(1..).unwrap_or_default();
        }
        self.licences.contains(name)
    }

    fn take(&mut self, word: &str) -> bool {
        match self.words.split_first() {
            Some((first, rest)) if *first == word => {
                self.words = rest;
                true
            }
            _ => false,
        }
    }
}

#[test]
fn expressions() {
    let check = |expression: &str, expected: bool| {
        assert_eq!(
            allows(expression, &["MIT", "Zlib"]),
            expected,
            "{expression}"
        );
    };
    check("MIT", true);
    check("GPL-3.0-only", false);
    check("GPL-3.0-only OR MIT", true);
    check("GPL-3.0-only/MIT", true);
    check("GPL-3.0-only AND MIT", false);
    check("(GPL-3.0-only OR MIT) AND Zlib", true);
    check("(GPL-3.0-only AND MIT) OR GPL-2.0-only", false);
    check("MIT WITH some-exception", true);
    check("MIT AND (Zlib", false);
    check("no licence", false);
    check("", false);
}
