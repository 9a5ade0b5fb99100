//! What differs between two texts, line by line.

/// A line of one text or the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineChange<'a> {
    /// It is in both.
    Same(&'a str),
    /// It is in the first alone.
    Removed(&'a str),
    /// It is in the second alone.
    Added(&'a str),
}

/// How many lines may differ before no shortest way is looked for: everything between the first and the last difference
/// counts as replaced then.
const MOST: usize = 800;

/// The lines of both texts in their order, with as few changes as there can be.
pub fn line_changes<'a>(before: &'a str, after: &'a str) -> Vec<LineChange<'a>> {
    let (before, after): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    let start = before.iter().zip(&after).take_while(|(one, other)| one == other).count();
    let (first, second) = (&before[start..], &after[start..]);
    let end = first.iter().rev().zip(second.iter().rev()).take_while(|(one, other)| one == other).count();
    let (first, second) = (&first[..first.len() - end], &second[..second.len() - end]);

    let mut changes: Vec<_> = before[..start].iter().map(|line| LineChange::Same(line)).collect();
    let (mut left, mut right) = (0, 0);
    for (one, other) in common(first, second).into_iter().chain([(first.len(), second.len())]) {
        changes.extend(first[left..one].iter().map(|line| LineChange::Removed(line)));
        changes.extend(second[right..other].iter().map(|line| LineChange::Added(line)));
        changes.extend(first.get(one).map(|line| LineChange::Same(line)));
        (left, right) = (one + 1, other + 1);
    }
    changes.extend(before[before.len() - end..].iter().map(|line| LineChange::Same(line)));
    changes
}

/// The places of the lines of a longest common sequence, by Myers' “An O(ND) difference algorithm”; none if too much differs.
fn common(first: &[&str], second: &[&str]) -> Vec<(usize, usize)> {
    let (width, height) = (place(first.len()), place(second.len()));
    let most = place(MOST.min(first.len() + second.len()));
    let at = |diagonal: i32| usize::try_from(diagonal + most + 1).unwrap_or_default();
    // How far each diagonal was followed, and what that was before each round.
    let mut far = vec![0; at(most) + 2];
    let mut rounds: Vec<Vec<i32>> = Vec::new();
    for round in 0..=most {
        rounds.push(far[at(-round) - 1..=at(round) + 1].to_vec());
        for diagonal in (-round..=round).step_by(2) {
            let down = diagonal == -round || (diagonal != round && far[at(diagonal - 1)] < far[at(diagonal + 1)]);
            let mut x = if down { far[at(diagonal + 1)] } else { far[at(diagonal - 1)] + 1 };
            let mut y = x - diagonal;
            while x < width && y < height && first[index(x)] == second[index(y)] {
                (x, y) = (x + 1, y + 1);
            }
            far[at(diagonal)] = x;
            if x >= width && y >= height {
                return back(&rounds, width, height);
            }
        }
    }
    Vec::new()
}

/// Goes the way back that was found, and gathers what is the same.
fn back(rounds: &[Vec<i32>], mut x: i32, mut y: i32) -> Vec<(usize, usize)> {
    let mut common = Vec::new();
    for (round, far) in rounds.iter().enumerate().rev() {
        let round = place(round);
        let reached = |diagonal: i32| far[index(diagonal + round + 1)];
        let diagonal = x - y;
        let down = diagonal == -round || (diagonal != round && reached(diagonal - 1) < reached(diagonal + 1));
        let from = if down { diagonal + 1 } else { diagonal - 1 };
        let (before_x, before_y) = if round == 0 { (0, 0) } else { (reached(from), reached(from) - from) };
        while x > before_x && y > before_y {
            (x, y) = (x - 1, y - 1);
            common.push((index(x), index(y)));
        }
        (x, y) = (before_x, before_y);
    }
    common.reverse();
    common
}

fn place(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX / 4)
}

fn index(place: i32) -> usize {
    usize::try_from(place).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `diff` writes it, with spaces instead of line ends.
    fn told(before: &str, after: &str) -> String {
        let [before, after] = [before, after].map(|text| text.replace(' ', "\n"));
        let told = line_changes(&before, &after).into_iter().map(|change| match change {
            LineChange::Same(line) => line.to_owned(),
            LineChange::Removed(line) => format!("-{line}"),
            LineChange::Added(line) => format!("+{line}"),
        });
        told.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_the_same_stays_and_what_differs_is_said_once() {
        assert_eq!(told("a b c", "a b c"), "a b c");
        assert_eq!(told("a b c d", "a x c y d"), "a -b +x c +y d");
        assert_eq!(told("", "a"), "+a");
        assert_eq!(told("a", ""), "-a");
        assert_eq!(told("a b a b", "b a b a"), "-a b a b +a");
        assert_eq!(told("x a b c y", "a b c"), "-x a b c -y");
    }

    #[test]
    fn texts_that_have_nothing_in_common_are_replaced_without_looking_for_long() {
        let text = |word: &str| {
            let lines: Vec<_> = (0..20_000).map(|number| format!("{word}{number}")).collect();
            lines.join("\n")
        };
        let (before, after) = (text("a"), text("b"));
        let changes = line_changes(&before, &after);
        assert_eq!(changes.len(), 40_000);
        assert!(matches!(changes[0], LineChange::Removed("a0")) && matches!(changes[39_999], LineChange::Added(_)));
    }

    /// Every text of up to so many lines that are `a` or `b`.
    fn texts(most: usize) -> Vec<Vec<&'static str>> {
        let mut all = vec![Vec::new()];
        let mut from = 0;
        for _ in 0..most {
            let longer: Vec<Vec<_>> = all[from..]
                .iter()
                .flat_map(|text| ["a", "b"].map(|line| [text.clone(), vec![line]].concat()))
                .collect();
            from = all.len();
            all.extend(longer);
        }
        all
    }

    #[test]
    fn both_texts_can_be_put_together_again_and_there_is_no_shorter_way() {
        let texts = texts(6);
        assert_eq!(texts.len(), 127);
        for (before, after) in texts.iter().flat_map(|one| texts.iter().map(move |other| (one, other))) {
            let (one, other) = (before.join("\n"), after.join("\n"));
            let changes = line_changes(&one, &other);
            let side = |wanted: fn(LineChange<'_>) -> bool| -> Vec<_> {
                let kept = changes.iter().filter(|change| wanted(**change));
                kept.map(|(LineChange::Same(line) | LineChange::Removed(line) | LineChange::Added(line))| *line)
                    .collect()
            };
            assert_eq!(side(|change| !matches!(change, LineChange::Added(_))), *before);
            assert_eq!(side(|change| !matches!(change, LineChange::Removed(_))), *after);
            assert_eq!(side(|change| matches!(change, LineChange::Same(_))).len(), longest(before, after));
        }
    }

    /// How long the longest common sequence is, by trying all.
    fn longest(one: &[&str], other: &[&str]) -> usize {
        let mut table = vec![vec![0; other.len() + 1]; one.len() + 1];
        for (row, left) in one.iter().enumerate() {
            for (column, right) in other.iter().enumerate() {
                table[row + 1][column + 1] = if left == right {
                    table[row][column] + 1
                } else {
                    table[row][column + 1].max(table[row + 1][column])
                };
            }
        }
        table[one.len()][other.len()]
    }
}
