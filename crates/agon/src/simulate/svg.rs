//! A plot as SVG: axes with round numbers, lines, points, and nothing that needs a script.
//!
//! Colours are classes, which the page or picture around it gives a light and a dark meaning. The second line
//! of two is dashed as well, so that nobody has to tell colours apart.

use std::fmt::Write;

/// Of a panel, in pixels.
pub(super) const WIDTH: f64 = 540.0;
pub(super) const HEIGHT: f64 = 340.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 26.0;
const TOP: f64 = 62.0;
const BOTTOM: f64 = 52.0;
/// About so many marks on an axis.
const MARKS: f64 = 5.0;

/// The colours, for light and for dark.
pub(super) const STYLE: &str = "\
.plot text{font:13px system-ui,-apple-system,'Segoe UI',sans-serif;fill:#475067}
.plot .title{font-weight:600;font-size:15px;fill:#161b27}
.plot .back{fill:#fff}
.plot .grid{stroke:#e3e6ec}.plot .axis{stroke:#8b93a5}
.plot .even{stroke:#8b93a5;stroke-dasharray:2 4}
.plot .line{fill:none;stroke-width:2.2;stroke-linejoin:round}
.plot .s0{stroke:#1f5fbf}.plot .s1{stroke:#c24e00;stroke-dasharray:7 4}
.plot .d0{fill:#1f5fbf}.plot .d1{fill:#c24e00}
.plot .w0{stroke:#1f5fbf}.plot .w1{stroke:#c24e00}
@media (prefers-color-scheme:dark){
.plot text{fill:#a9b2c5}.plot .title{fill:#eef1f7}.plot .back{fill:#12161f}
.plot .grid{stroke:#262d3b}.plot .axis,.plot .even{stroke:#69738a}
.plot .s0,.plot .w0{stroke:#6ea8ff}.plot .s1,.plot .w1{stroke:#ff9a4d}
.plot .d0{fill:#6ea8ff}.plot .d1{fill:#ff9a4d}}";

/// One direction of a plot: from 0 to a round number that is `to` or more.
pub(super) struct Axis {
    pub(super) label: String,
    pub(super) to: f64,
    /// Behind the numbers.
    pub(super) unit: &'static str,
}

/// What is drawn for one queue.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
    /// Marks on the points: how large each is, and how far it may be off upwards and downwards.
    pub(super) dots: Vec<(f64, f64)>,
}

/// A plot.
pub(super) struct Panel {
    pub(super) title: &'static str,
    pub(super) x: Axis,
    pub(super) y: Axis,
    /// Whether a line marks where both are the same.
    pub(super) even: bool,
    pub(super) lines: Vec<Line>,
}

/// An axis with its round end and the distance of its marks.
struct Scale {
    end: f64,
    step: f64,
}

impl Scale {
    fn new(to: f64) -> Scale {
        let to = if to.is_finite() && to > 0.0 { to } else { 1.0 };
        let rough = to / MARKS;
        let power = 10f64.powf(rough.log10().floor());
        let steps = [1.0, 2.0, 2.5, 5.0, 10.0];
        let step = steps
            .map(|s| s * power)
            .into_iter()
            .find(|s| *s >= rough * 0.999);
        let step = step.unwrap_or(rough);
        Scale {
            end: (to / step * 0.999).ceil() * step,
            step,
        }
    }

    fn marks(&self) -> impl Iterator<Item = f64> + '_ {
        let count = (self.end / self.step).round() as usize;
        (0..=count).map(|n| n as f64 * self.step)
    }

    /// With as many digits as the step has.
    fn text(&self, mark: f64) -> String {
        let digits = (0..6).find(|digits| {
            let scaled = self.step * 10f64.powi(*digits);
            (scaled - scaled.round()).abs() < 1e-6
        });
        if mark >= 1_000.0 {
            super::table::whole(mark)
        } else {
            format!("{mark:.*}", digits.unwrap_or(6) as usize)
        }
    }
}

impl Panel {
    /// The elements of the plot, to stand in an `svg` of the panel's size.
    pub(super) fn draw(&self) -> String {
        let (x, y) = (Scale::new(self.x.to), Scale::new(self.y.to));
        let mut out = String::new();
        let title = escape(self.title);
        let _ = write!(
            out,
            "<text class=\"title\" x=\"{LEFT}\" y=\"24\">{title}</text>"
        );
        self.legend(&mut out);
        self.grid(&mut out, &x, &y);
        if self.even {
            let (from, to) = (at(&x, &y, 0.0, 0.0), at(&x, &y, x.end, y.end));
            segment(&mut out, "even", from, to);
        }
        for (place, line) in self.lines.iter().enumerate() {
            line.draw(&mut out, place, &x, &y);
        }
        out
    }

    fn legend(&self, out: &mut String) {
        if self.lines.len() < 2 {
            return;
        }
        let mut from = LEFT;
        for (place, line) in self.lines.iter().enumerate() {
            let _ = write!(
                out,
                "<path class=\"line s{place}\" d=\"M{from:.0} 43h26\"/>"
            );
            let (text_at, name) = (from + 32.0, escape(&shortened(&line.name)));
            let _ = write!(out, "<text x=\"{text_at:.0}\" y=\"47\">{name}</text>");
            // About the width of a letter: no font can be measured here.
            from = text_at + 18.0 + 7.2 * shortened(&line.name).chars().count() as f64;
        }
    }

    fn grid(&self, out: &mut String, x: &Scale, y: &Scale) {
        for mark in y.marks() {
            let (left, height) = at(x, y, 0.0, mark);
            segment(out, "grid", (left, height), (WIDTH - RIGHT, height));
            let text = format!("{}{}", y.text(mark), self.y.unit);
            let (left, height) = (left - 8.0, height + 4.5);
            let _ = write!(
                out,
                "<text text-anchor=\"end\" x=\"{left:.1}\" y=\"{height:.1}\">{text}</text>"
            );
        }
        for mark in x.marks() {
            let (left, low) = at(x, y, mark, 0.0);
            segment(out, "axis", (left, low), (left, low + 5.0));
            let (text, low) = (format!("{}{}", x.text(mark), self.x.unit), low + 20.0);
            let _ = write!(
                out,
                "<text text-anchor=\"middle\" x=\"{left:.1}\" y=\"{low:.1}\">{text}</text>"
            );
        }
        segment(out, "axis", at(x, y, 0.0, 0.0), at(x, y, x.end, 0.0));
        let (middle, low) = ((LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 12.0);
        let label = escape(&self.x.label);
        let _ = write!(
            out,
            "<text text-anchor=\"middle\" x=\"{middle:.1}\" y=\"{low:.1}\">{label}</text>"
        );
        let (middle, label) = ((TOP + HEIGHT - BOTTOM) / 2.0, escape(&self.y.label));
        let _ = write!(
            out,
            "<text text-anchor=\"middle\" transform=\"translate(14 {middle:.1}) rotate(-90)\">{label}</text>"
        );
    }
}

impl Line {
    fn draw(&self, out: &mut String, place: usize, x: &Scale, y: &Scale) {
        let mut path = String::new();
        for (n, (left, height)) in clipped(&self.points, x.end).into_iter().enumerate() {
            let (left, height) = at(x, y, left, height.min(y.end));
            let _ = write!(
                path,
                "{}{left:.1} {height:.1}",
                if n == 0 { "M" } else { "L" }
            );
        }
        if !path.is_empty() {
            let _ = write!(out, "<path class=\"line s{place}\" d=\"{path}\"/>");
        }
        for ((left, height), (size, off)) in self.points.iter().zip(&self.dots) {
            let low = at(x, y, *left, (height - off).max(0.0));
            let high = at(x, y, *left, (height + off).min(y.end));
            segment(out, &format!("w{place}"), low, high);
            let (left, height) = at(x, y, *left, *height);
            let _ = write!(
                out,
                "<circle class=\"d{place}\" cx=\"{left:.1}\" cy=\"{height:.1}\" r=\"{size:.1}\"/>"
            );
        }
    }
}

/// Up to the end of the axis.
fn clipped(points: &[(f64, f64)], end: f64) -> Vec<(f64, f64)> {
    let inside = points.iter().take_while(|(x, _)| *x <= end).count();
    let mut kept = points[..inside].to_vec();
    if let (Some((x, y)), Some((next_x, next_y))) = (kept.last().copied(), points.get(inside)) {
        let share = (end - x) / (next_x - x);
        kept.push((end, y + share * (next_y - y)));
    }
    kept
}

/// Where a point of the plot is in the panel.
fn at(x: &Scale, y: &Scale, left: f64, height: f64) -> (f64, f64) {
    let wide = WIDTH - LEFT - RIGHT;
    let high = HEIGHT - TOP - BOTTOM;
    (
        LEFT + wide * left / x.end,
        TOP + high * (1.0 - height / y.end),
    )
}

fn segment(out: &mut String, class: &str, from: (f64, f64), to: (f64, f64)) {
    let ((x1, y1), (x2, y2)) = (from, to);
    let _ = write!(
        out,
        "<path class=\"{class}\" d=\"M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}\"/>"
    );
}

fn shortened(name: &str) -> String {
    const LONGEST: usize = 28;
    if name.chars().count() <= LONGEST {
        return name.to_owned();
    }
    let start: String = name.chars().take(LONGEST - 1).collect();
    format!("{start}…")
}

/// Text that means itself in HTML and SVG.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers() {
        let of = |to: f64| {
            let scale = Scale::new(to);
            let marks: Vec<String> = scale.marks().map(|mark| scale.text(mark)).collect();
            marks.join(" ")
        };
        assert_eq!(of(100.0), "0 20 40 60 80 100");
        assert_eq!(of(7.3), "0 2 4 6 8");
        assert_eq!(of(0.9), "0.0 0.2 0.4 0.6 0.8 1.0");
        assert_eq!(of(11_000.0), "0 2,500 5,000 7,500 10,000 12,500");
        assert_eq!(of(0.0), of(1.0));
        assert_eq!(of(f64::NAN), of(1.0));
    }

    #[test]
    fn lines_end_at_the_axis() {
        let line = [(0.0, 0.0), (10.0, 1.0), (30.0, 3.0)];
        assert_eq!(clipped(&line, 20.0), [(0.0, 0.0), (10.0, 1.0), (20.0, 2.0)]);
        assert_eq!(clipped(&line, 30.0), line);
        assert_eq!(clipped(&[], 1.0), []);
    }

    #[test]
    fn names_cannot_break_out() {
        assert_eq!(escape("<a b=\"&\">"), "&lt;a b=&quot;&amp;&quot;&gt;");
        assert_eq!(shortened(&"x".repeat(40)).chars().count(), 28);
    }
}
