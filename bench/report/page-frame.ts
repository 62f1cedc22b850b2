/** The frame of every page: one file that needs nothing from outside, for light and dark, for screens and paper. Pure. */
import { harmless } from './charts/svg.ts'

const style = `
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1b2430;--soft:#5d6978;--line:#e2e6eb;--good:#0a7a4b;--bad:#c02626;--warn:#a15c00;
--s1:#2563eb;--s2:#d97706;--s3:#059669;--s4:#db2777;--s5:#7c3aed;--s6:#0891b2;--s7:#65a30d;--s8:#64748b}
@media (prefers-color-scheme:dark){:root{--bg:#11151a;--card:#191f27;--ink:#e6eaf0;--soft:#98a4b3;--line:#2b333e;--good:#46c98b;--bad:#ff7b7b;--warn:#f0b257;
--s1:#6ea8fe;--s2:#f5b14c;--s3:#4fd1a1;--s4:#f78fc0;--s5:#b79bfb;--s6:#58c8e0;--s7:#a8d65c;--s8:#a3b1c2}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:1360px;margin:0 auto;padding:28px 24px 60px}
h1{font-size:26px;margin:0 0 2px;letter-spacing:-.01em}
h2{font-size:19px;margin:0 0 2px}
p{margin:4px 0}
.soft,.about{color:var(--soft)}
.about{font-size:13px;margin-left:8px}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:18px 20px;margin-top:20px}
.verdict{display:inline-block;border:1px solid currentColor;border-radius:99px;padding:1px 12px;font-size:13px;font-weight:600;margin-top:10px}
.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;margin:10px 0 4px;font-size:14px;font-variant-numeric:tabular-nums}
th,td{text-align:right;padding:5px 14px 5px 0;border-bottom:1px solid var(--line);white-space:nowrap}
th{font-weight:500;color:var(--soft);font-size:13px}
th:first-child,td:first-child{text-align:left}
tr:last-child td{border-bottom:0}
td small{color:var(--soft);font-size:12px;margin-left:4px}
tr.best td{font-weight:600}
tr.ratio td{color:var(--soft)}
ul.remarks{margin:6px 0 0;padding-left:18px;font-size:13px;color:var(--soft)}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));gap:18px 28px;margin-top:14px}
figure{margin:0;min-width:0;position:relative}
figcaption{font-size:14px}
.keys{font-size:12.5px;color:var(--soft);display:flex;flex-wrap:wrap;gap:2px 14px}
.key i{display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:5px}
svg{display:block;width:100%;height:auto;margin-top:4px}
svg text{font-size:12px;fill:var(--ink)}
svg .tick{fill:var(--soft);font-size:11.5px}
svg .best{font-weight:700}
.grid{stroke:var(--line)}.axis{stroke:var(--soft)}
.cursor{stroke:var(--soft);stroke-dasharray:3 3}
.whisker{stroke:var(--ink);stroke-width:1.4;fill:none;opacity:.65}
.tip{position:absolute;pointer-events:none;background:var(--card);color:var(--ink);border:1px solid var(--line);border-radius:6px;padding:4px 9px;font-size:12.5px;box-shadow:0 2px 10px #0003;display:none;white-space:nowrap;z-index:2}
pre{background:var(--bg);border:1px solid var(--line);border-radius:6px;padding:10px 12px;overflow-x:auto;font-size:13px}
details{margin-top:10px;font-size:13.5px}
summary{cursor:pointer;color:var(--soft)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:8px 0 0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
@media print{body{background:#fff}section{break-inside:avoid;border-color:#ccc}}
`

// Shows the figures under the pointer; the page says the same without it.
const script = `
for (const svg of document.querySelectorAll('svg[data-tips]')) {
  const tips = JSON.parse(svg.dataset.tips), figure = svg.parentNode, cursor = svg.querySelector('.cursor')
  const tip = figure.appendChild(document.createElement('div'))
  tip.className = 'tip'
  svg.addEventListener('pointermove', (event) => {
    const box = svg.getBoundingClientRect(), scale = box.width / svg.viewBox.baseVal.width
    const x = (event.clientX - box.left) / scale
    let best = tips[0]
    for (const one of tips) if (Math.abs(one[0] - x) < Math.abs(best[0] - x)) best = one
    cursor.setAttribute('x1', best[0]); cursor.setAttribute('x2', best[0])
    tip.replaceChildren(...[best[1], ...best[2].map(([name, figure]) => name + ': ' + figure)].map((text, index) => {
      const line = document.createElement(index ? 'div' : 'b')
      line.textContent = text
      return line
    }))
    tip.style.display = 'block'
    const left = best[0] * scale + 12
    tip.style.left = (left + tip.offsetWidth > box.width ? left - tip.offsetWidth - 24 : left) + 'px'
    tip.style.top = svg.offsetTop + 8 + 'px'
  })
  svg.addEventListener('pointerleave', () => { tip.style.display = 'none'; cursor.setAttribute('x1', -9); cursor.setAttribute('x2', -9) })
}
`

/** Puts the parts of a page together; `body` is HTML. */
export function pageFrame(page: { readonly title: string; readonly head: string; readonly body: string }): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<title>${harmless(page.title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${harmless(page.title)}</h1>
${page.head}
${page.body}
</main>
<script>${script}</script>
</body>
</html>
`
}
