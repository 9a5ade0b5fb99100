use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Write},
};

use crate::{prompter::Prompter, value::Text};

const DEVICE: &str = "/dev/tty";

/// The terminal that the program was started from, also when its input and output lead elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct Terminal;

impl Prompter for Terminal {
    fn show(&self, message: &str) {
        // Without a terminal it goes where errors go, so that it is seen.
        let shown = open().and_then(|mut terminal| writeln!(terminal, "{message}"));
        let _ = shown.or_else(|_| writeln!(io::stderr(), "{message}"));
    }

    fn confirm(&self, message: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        let Some(no) = no else {
            return self.line(&format!("{message} (enter: {yes})")).map(|_| true);
        };
        loop {
            match self.line(&format!("{message} (y: {yes}, n: {no})"))?.trim() {
                "y" | "Y" => return Some(true),
                "n" | "N" => return Some(false),
                _ => {}
            }
        }
    }

    fn line(&self, question: &str) -> Option<String> {
        ask(question).ok().flatten()
    }

    fn secret(&self, question: &str) -> Option<Text> {
        rpassword::prompt_password(format!("{question}: ")).ok().map(Text::from)
    }
}

fn open() -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open(DEVICE)
}

fn ask(question: &str) -> io::Result<Option<String>> {
    let mut terminal = open()?;
    write!(terminal, "{question}: ")?;
    let mut answer = String::new();
    let read = BufReader::new(terminal).read_line(&mut answer)?;
    Ok((read > 0).then(|| answer.trim_end_matches(['\r', '\n']).to_owned()))
}
