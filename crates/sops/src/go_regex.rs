//! Regular expressions as sops reads them, which is as Go does: letters, digits and word boundaries are those of ASCII,
//! and in a class nothing means a set within the set.

use std::{iter::Peekable, str::Chars};

use regex::Regex;

/// Compiles one; `None` if it is none, or one that could mean something else here.
pub(crate) fn compile(pattern: &str) -> Option<Regex> {
    let mut translation = Translation { rest: pattern.chars().peekable(), out: String::new() };
    translation.run()?;
    Regex::new(&translation.out).ok()
}

struct Translation<'a> {
    rest: Peekable<Chars<'a>>,
    out: String,
}

impl Translation<'_> {
    fn run(&mut self) -> Option<()> {
        while let Some(next) = self.rest.next() {
            match next {
                '\\' => self.escape(false)?,
                '[' => self.class()?,
                // Only a complete count repeats; any other brace stands for itself.
                '{' if !self.is_count() => self.out.push_str("\\{"),
                other => self.out.push(other),
            }
        }
        Some(())
    }

    fn escape(&mut self, in_class: bool) -> Option<()> {
        match self.rest.next()? {
            'd' => self.out.push_str("[0-9]"),
            'D' => self.out.push_str("[^0-9]"),
            'w' => self.out.push_str("[0-9A-Za-z_]"),
            'W' => self.out.push_str("[^0-9A-Za-z_]"),
            's' => self.out.push_str("[\\t\\n\\f\\r ]"),
            'S' => self.out.push_str("[^\\t\\n\\f\\r ]"),
            'b' if !in_class => self.out.push_str("(?-u:\\b)"),
            'Q' if !in_class => self.literal(),
            // Negated, it would not be a boundary of text any more; as a byte, not a character.
            'B' | 'C' | 'Q' => return None,
            other => self.out.extend(['\\', other]),
        }
        Some(())
    }

    /// What stands between `\Q` and `\E`.
    fn literal(&mut self) {
        let rest: String = self.rest.clone().collect();
        let literal = rest.split("\\E").next().unwrap_or_default();
        let length = literal.chars().count() + if literal.len() < rest.len() { 2 } else { 0 };
        self.rest.by_ref().take(length).for_each(drop);
        self.out.push_str(&regex::escape(literal));
    }

    fn class(&mut self) -> Option<()> {
        self.out.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        if self.rest.next_if_eq(&']').is_some() {
            self.out.push_str("\\]");
        }
        loop {
            match self.rest.next()? {
                ']' => break,
                '\\' => self.escape(true)?,
                '[' if self.rest.peek() == Some(&':') => {
                    self.out.push('[');
                    // As far as the bracket that ends the name.
                    while self.rest.peek()? != &']' {
                        self.out.extend(self.rest.next());
                    }
                    self.out.extend(self.rest.next());
                }
                '-' if self.rest.peek() == Some(&'-') => return None,
                other @ ('[' | '&' | '~') => self.out.extend(['\\', other]),
                other => self.out.push(other),
            }
        }
        self.out.push(']');
        Some(())
    }

    fn is_count(&self) -> bool {
        let inside: String = self.rest.clone().take_while(|character| *character != '}').collect();
        let closed = self.rest.clone().any(|character| character == '}');
        let digits = |text: &str| text.chars().all(|digit| digit.is_ascii_digit());
        let (least, most) = inside.split_once(',').unwrap_or((&inside, ""));
        closed && !least.is_empty() && digits(least) && digits(most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_matches_as_go_does() {
        for (pattern, text, matches) in [
            (r"^gr\w+e$", "größe", false),
            (r"^gr\S+e$", "größe", true),
            (r"^\d$", "٣", false),
            (r"^\D$", "٣", true),
            (r"\bx", "äx", true),
            (r"[[d]ata", "[ata", true),
            (r"[\d_]x", "7x", true),
            (r"[a&&b]", "&", true),
            (r"[[:alpha:]&]1", "&1", true),
            (r"[]x]", "]", true),
            (r"a{,2}", "a{,2}", true),
            (r"^a{2}$", "aa", true),
            (r"^\Qa.b\Ec$", "a.bc", true),
            (r"^\Qa.b\Ec$", "axbc", false),
            (r"\.enc\.ya?ml$", "x.enc.yaml", true),
            (r"(?i)^(DATA|stringData)$", "data", true),
            (r"^.$", "ö", true),
        ] {
            assert_eq!(compile(pattern).unwrap().is_match(text), matches, "{pattern} on {text}");
        }
        for pattern in [r"(", r"[a", r"a\", r"[+--]", r"(?=a)", r"\C"] {
            assert!(compile(pattern).is_none(), "{pattern}");
        }
    }
}
