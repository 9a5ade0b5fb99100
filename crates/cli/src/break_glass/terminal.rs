use std::io::{IsTerminal, Write, stderr, stdin};

use fanlight_breakglass::{Conversation, Error};

/// The terminal on standard error, where questions go, so that standard output holds results alone.
pub(super) struct Terminal {
    yes: bool,
    attended: bool,
}

/// The longest answer that is taken, in bytes.
const ANSWER: usize = 1000;

impl Terminal {
    pub(super) fn new(yes: bool) -> Self {
        Self { yes, attended: stdin().is_terminal() && stderr().is_terminal() }
    }

    pub(super) fn fail(&self, error: &Error) {
        self.tell(&format!("Error: {}", chain(error)));
    }
}

impl Conversation for Terminal {
    fn tell(&self, line: &str) {
        let _ = writeln!(stderr(), "{}", printable(line));
    }

    fn is_attended(&self) -> bool {
        self.attended
    }

    fn said_yes(&self) -> bool {
        self.yes
    }

    fn confirm(&self, question: &str) -> Result<bool, Error> {
        if self.yes {
            return Ok(true);
        }
        if !self.attended {
            return Ok(false);
        }
        let _ = write!(stderr(), "{} [y/N] ", printable(question));
        Ok(matches!(line()?.to_lowercase().as_str(), "y" | "yes"))
    }

    fn ask(&self, question: &str) -> Result<String, Error> {
        if !self.attended {
            return Err(Error::Refused(format!("nobody is here to answer “{question}”")));
        }
        for _ in 0..3 {
            let _ = write!(stderr(), "{question} ");
            let answer = line()?;
            if !answer.is_empty() {
                return Ok(answer);
            }
        }
        Err(Error::Refused("nothing was said".to_owned()))
    }
}

/// One line of standard input, without what is around it.
fn line() -> Result<String, Error> {
    let mut answer = String::new();
    stdin().read_line(&mut answer).map_err(|error| Error::Refused(format!("cannot read the answer: {error}")))?;
    if answer.is_empty() {
        return Err(Error::Refused("no answer: the input ended".to_owned()));
    }
    let mut answer = answer.trim().to_owned();
    answer.truncate(answer.floor_char_boundary(ANSWER));
    Ok(answer)
}

/// Without anything that would steer the terminal: names, and what servers say, come from others.
pub(crate) fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || *c == '\n').collect()
}

/// An error with its causes; what the message above has told already is not told twice.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    text
}
