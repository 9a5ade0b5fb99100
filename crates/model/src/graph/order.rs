//! In which order what stands in a column is drawn, so that few lines cross.

/// How often the columns are gone through, forwards and backwards in turn.
const SWEEPS: usize = 8;

/// The rank of each stop within its column. Each stop goes to the mean of those that it is linked with in the column before,
/// then in the column behind, and so on; the best order that came up is taken.
pub(super) fn ranks(columns: &[Vec<usize>], links: &[(usize, usize)]) -> Vec<usize> {
    let count = columns.iter().map(Vec::len).sum();
    let (mut before, mut behind) = (vec![Vec::new(); count], vec![Vec::new(); count]);
    for (left, right) in links {
        before[*right].push(*left);
        behind[*left].push(*right);
    }
    let mut columns = columns.to_vec();
    let mut ranks = vec![0; count];
    columns.iter().for_each(|column| number(column, &mut ranks));
    let mut best = (crossings(&columns, &behind, &ranks), ranks.clone());
    for sweep in 0..SWEEPS {
        if best.0 == 0 {
            break;
        }
        let forwards = sweep % 2 == 0;
        let neighbours = if forwards { &before } else { &behind };
        let mut sort = |column: &mut Vec<usize>| {
            column.sort_by(|one, other| {
                let [one, other] = [one, other].map(|stop| mean(*stop, &neighbours[*stop], &ranks));
                one.total_cmp(&other)
            });
            number(column, &mut ranks);
        };
        if forwards {
            columns.iter_mut().for_each(&mut sort);
        } else {
            columns.iter_mut().rev().for_each(&mut sort);
        }
        let crossings = crossings(&columns, &behind, &ranks);
        if crossings < best.0 {
            best = (crossings, ranks.clone());
        }
    }
    best.1
}

fn number(column: &[usize], ranks: &mut [usize]) {
    for (rank, stop) in column.iter().enumerate() {
        ranks[*stop] = rank;
    }
}

/// What has no neighbours there stays where it is.
#[expect(clippy::cast_precision_loss, reason = "there are a few hundred of them")]
fn mean(stop: usize, neighbours: &[usize], ranks: &[usize]) -> f64 {
    if neighbours.is_empty() {
        return ranks[stop] as f64;
    }
    neighbours.iter().map(|other| ranks[*other] as f64).sum::<f64>() / neighbours.len() as f64
}

/// How many pairs of links cross between neighbouring columns.
fn crossings(columns: &[Vec<usize>], behind: &[Vec<usize>], ranks: &[usize]) -> usize {
    let mut crossings = 0;
    for column in columns {
        let mut stops = column.clone();
        stops.sort_unstable_by_key(|stop| ranks[*stop]);
        let ends: Vec<Vec<usize>> =
            stops.iter().map(|stop| behind[*stop].iter().map(|other| ranks[*other]).collect()).collect();
        for (upper, above) in ends.iter().enumerate() {
            for below in &ends[upper + 1..] {
                crossings += above.iter().map(|one| below.iter().filter(|other| *other < one).count()).sum::<usize>();
            }
        }
    }
    crossings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_need_not_cross_do_not() {
        // 0─┐ ┌─3     Three of the left lead to the right the other way round.
        let columns = [vec![0, 1, 2], vec![3, 4, 5]];
        let links = [(0, 5), (1, 4), (2, 3)];
        let ranks = ranks(&columns, &links);
        let behind: Vec<Vec<usize>> = vec![vec![5], vec![4], vec![3], vec![], vec![], vec![]];
        assert_eq!(crossings(&columns, &behind, &[0, 1, 2, 0, 1, 2]), 3, "as they came");
        assert_eq!(crossings(&columns, &behind, &ranks), 0, "{ranks:?}");
    }

    #[test]
    fn what_has_to_cross_crosses_as_rarely_as_it_came() {
        let columns = [vec![0, 1], vec![2, 3]];
        let all = [(0, 2), (0, 3), (1, 2), (1, 3)];
        assert_eq!(ranks(&columns, &all), [0, 1, 0, 1]);
    }
}
