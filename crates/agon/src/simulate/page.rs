//! The report as a page: figures, plots and the rules, in one file that needs nothing else and no script.

use std::fmt::Write;

use super::Trial;
use super::plots::{alone, panels};
use super::svg::{STYLE, escape};
use super::table::{Row, rows};

const PAGE_STYLE: &str = "\
:root{color-scheme:light dark;--back:#f6f7f9;--card:#fff;--ink:#161b27;--soft:#5a6478;--edge:#e0e4ea}
@media (prefers-color-scheme:dark){:root{--back:#0b0e14;--card:#12161f;--ink:#eef1f7;--soft:#a0aabd;--edge:#262d3b}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--ink);font:16px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif}
main{max-width:1160px;margin:0 auto;padding:32px 20px 64px}
h1{font-size:26px;margin:0 0 4px}h2{font-size:18px;margin:36px 0 12px}
.lead{color:var(--soft);margin:0 0 20px}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(170px,1fr));gap:12px 20px;margin:0}
dt{color:var(--soft);font-size:13px}dd{margin:0;overflow-wrap:anywhere}
.card{background:var(--card);border:1px solid var(--edge);border-radius:10px;padding:16px 18px}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:16px}
figure{margin:0}figure svg{display:block;width:100%;height:auto}
figcaption{color:var(--soft);font-size:14px;margin-top:4px}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:5px 10px;text-align:right;border-top:1px solid var(--edge);white-space:nowrap}
th:first-child,td:first-child{text-align:left;padding-left:0}
thead th{border-top:0;color:var(--soft);font-weight:600}
tr.inner td:first-child{padding-left:20px;color:var(--soft)}
tr.outer td{font-weight:600}
details{margin-top:12px}summary{cursor:pointer}
pre{overflow-x:auto;margin:12px 0 0;font:13px/1.5 ui-monospace,Consolas,monospace}";

/// The page. `scenario` says what was simulated, in pairs of name and value.
pub(super) fn page(scenario: &[(&'static str, String)], trials: &[Trial]) -> String {
    let names: Vec<String> = trials
        .iter()
        .map(|trial| escape(&trial.file.name()))
        .collect();
    let title = names.join(" against ");
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <title>Simulation of {title}</title>\n<style>{PAGE_STYLE}\n{STYLE}</style>\n<main>\n\
         <h1>{title}</h1>\n<p class=\"lead\">Matchmaking, simulated by Agon {}.</p>\n",
        env!("CARGO_PKG_VERSION")
    );
    out.push_str("<dl class=\"card\">");
    for (name, value) in scenario {
        let value = escape(value);
        let _ = write!(out, "<div><dt>{name}</dt><dd>{value}</dd></div>");
    }
    out.push_str("</dl>\n<h2>Plots</h2>\n<div class=\"plots\">\n");
    for (panel, caption) in panels(trials) {
        let plot = alone(&panel);
        let _ = writeln!(
            out,
            "<figure class=\"card\">{plot}<figcaption>{caption}</figcaption></figure>"
        );
    }
    out.push_str("</div>\n<h2>Figures</h2>\n");
    table(&mut out, &names, &rows(trials));
    out.push_str("<h2>Rules</h2>\n");
    for trial in trials {
        let (name, text) = (escape(&trial.file.name()), escape(&trial.file.text));
        let _ = writeln!(
            out,
            "<details class=\"card\"><summary>{name}</summary><pre>{text}</pre></details>"
        );
    }
    out.push_str("</main>\n</html>\n");
    out
}

fn table(out: &mut String, names: &[String], rows: &[Row]) {
    out.push_str("<div class=\"card wide\"><table><thead><tr><th></th>");
    for name in names {
        let _ = write!(out, "<th scope=\"col\">{name}</th>");
    }
    out.push_str("</tr></thead><tbody>\n");
    for row in rows {
        let class = if row.inner { "inner" } else { "outer" };
        let label = escape(&row.label);
        let _ = write!(out, "<tr class=\"{class}\"><td>{label}</td>");
        for n in 0..names.len() {
            let cell = row.cells.get(n).map(|cell| escape(cell));
            let _ = write!(out, "<td>{}</td>", cell.unwrap_or_default());
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
}
