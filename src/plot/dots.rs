//! A small black-and-white canvas of braille characters, two dots wide and four dots high each.

/// How many dots of a line are drawn and then left out, in turn.
pub(super) type Dashes = &'static [usize];

/// The canvas.
pub(super) struct Dots {
    columns: usize,
    rows: usize,
    /// The dots of each character, row by row, as the last byte of its code point.
    cells: Vec<u8>,
}

/// The bit of each dot in a character: first its row, then its column.
const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

impl Dots {
    /// An empty canvas of this many characters.
    pub(super) fn new(columns: usize, rows: usize) -> Self {
        Self { columns, rows, cells: vec![0; columns * rows] }
    }

    /// The largest coordinates of a dot.
    pub(super) fn last(&self) -> (i64, i64) {
        (self.columns as i64 * 2 - 1, self.rows as i64 * 4 - 1)
    }

    fn set(&mut self, x: i64, y: i64) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return };
        if x / 2 < self.columns && y / 4 < self.rows {
            self.cells[y / 4 * self.columns + x / 2] |= BITS[y % 4][x % 2];
        }
    }

    /// Draws straight lines from each of `points` to the next, dashed along the whole way.
    pub(super) fn line(&mut self, points: &[(i64, i64)], dashes: Dashes) {
        let period = dashes.iter().sum::<usize>().max(1);
        let mut walked = 0;
        let mut step = |x: i64, y: i64| {
            let mut along = walked % period;
            let mut drawn = true;
            for dash in dashes {
                if along < *dash {
                    break;
                }
                along -= dash;
                drawn = !drawn;
            }
            if drawn {
                self.set(x, y);
            }
            walked += 1;
        };
        if let Some(&(x, y)) = points.first() {
            step(x, y);
        }
        for pair in points.windows(2) {
            let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
            let length = (x1 - x0).abs().max((y1 - y0).abs()).max(1);
            // Rounds half up, so that a line looks the same wherever it lies.
            let part =
                |from: i64, to: i64, k: i64| from + (2 * (to - from) * k + length).div_euclid(2 * length);
            for k in 1..=length {
                step(part(x0, x1, k), part(y0, y1, k));
            }
        }
    }

    /// The characters of a row; blank ones are spaces.
    pub(super) fn row(&self, row: usize) -> String {
        let cells = self.cells.iter().skip(row * self.columns).take(self.columns);
        cells
            .map(|&c| if c == 0 { ' ' } else { char::from_u32(0x2800 + u32::from(c)).unwrap_or(' ') })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Dots;

    #[test]
    fn lines_and_dashes() {
        let mut dots = Dots::new(4, 1);
        assert_eq!(dots.last(), (7, 3));
        dots.line(&[(0, 0), (7, 0)], &[]);
        assert_eq!(dots.row(0), "⠉⠉⠉⠉");
        let mut dots = Dots::new(4, 1);
        dots.line(&[(0, 3), (3, 3), (7, 3)], &[2, 2]);
        assert_eq!(dots.row(0), "⣀ ⣀ ");
        let mut dots = Dots::new(2, 1);
        dots.line(&[(0, 3), (3, 0)], &[]);
        assert_eq!(dots.row(0), "⡠⠊");
    }
}
