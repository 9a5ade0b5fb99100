use crate::Error;

/// The person at the terminal, or the script in their place.
pub trait Conversation {
    /// Says what is being done or was found; one line, or a few.
    fn tell(&self, line: &str);

    /// Whether anybody is there to answer questions.
    fn is_attended(&self) -> bool;

    /// Whether yes was said beforehand to whatever would be asked.
    fn said_yes(&self) -> bool;

    /// A question of yes or no, where no is the safe answer. Without anybody there the answer is no, unless yes was said
    /// beforehand.
    fn confirm(&self, question: &str) -> Result<bool, Error>;

    /// A question that needs words; an error if nobody is there or nothing is said.
    fn ask(&self, question: &str) -> Result<String, Error>;
}
