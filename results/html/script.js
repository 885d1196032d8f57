'use strict';
// Draws nothing: it only answers to pointer and keyboard. Without it the page says the same.
const data = JSON.parse(document.getElementById('data').textContent);

for (const plot of document.querySelectorAll('.plot[data-chart]')) {
  const figure = plot.closest('figure'), read = data.charts[plot.dataset.chart];
  const cursor = plot.querySelector('.cursor'), out = figure.querySelector('.readout');
  const names = [...figure.querySelectorAll('.legend label')].map(l => l.textContent.trim());
  let at = -1;
  const hidden = i => plot.querySelector(`[data-series="${i}"]`).hasAttribute('hidden');
  const show = i => {
    at = Math.max(0, Math.min(read.x.length - 1, i));
    cursor.hidden = false;
    cursor.style.left = read.x[at] + '%';
    const values = read.values.map((v, s) => v[at] === undefined || hidden(s) ? '' : (names[s] ? names[s] + ' ' : '') + v[at]);
    out.textContent = read.labels[at] + ': ' + values.filter(v => v).join(', ');
  };
  plot.addEventListener('pointermove', e => {
    const box = plot.getBoundingClientRect(), x = 100 * (e.clientX - box.left) / box.width;
    let best = 0;
    read.x.forEach((v, i) => { if (Math.abs(v - x) < Math.abs(read.x[best] - x)) best = i; });
    show(best);
  });
  plot.addEventListener('keydown', e => {
    const step = {ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10}[e.key];
    if (step) { show(at + step); e.preventDefault(); }
  });
  for (const box of figure.querySelectorAll('[data-toggle]')) {
    box.addEventListener('change', () => plot.querySelector(`[data-series="${box.dataset.toggle}"]`).toggleAttribute('hidden', !box.checked));
  }
}

const dialog = document.getElementById('exchanges');
const element = (name, text) => { const e = document.createElement(name); e.textContent = text; return e; };
const open = i => {
  const session = data.sessions[i];
  document.getElementById('exchanges-title').textContent = session.title;
  document.getElementById('exchanges-notes').replaceChildren(...session.notes.map(n => element('li', n)));
  let home = '';
  document.getElementById('exchanges-list').replaceChildren(...session.steps.map(step => {
    const row = document.createElement('tr');
    row.append(...step.map(text => element('td', text)));
    if (home && step[3] && step[3] !== home) row.className = 'moved';
    home = step[3] || home;
    return row;
  }));
  dialog.showModal();
};
document.addEventListener('click', e => {
  const button = e.target.closest('[data-session]');
  if (button) open(+button.dataset.session);
});
document.querySelector('.timeline')?.addEventListener('keydown', e => {
  const rows = [...e.currentTarget.querySelectorAll('.session')], step = {ArrowUp: -1, ArrowDown: 1, Home: -rows.length, End: rows.length}[e.key];
  if (!step) return;
  e.preventDefault();
  const next = rows[Math.max(0, Math.min(rows.length - 1, rows.indexOf(document.activeElement) + step))];
  rows.forEach(r => { r.tabIndex = r === next ? 0 : -1; });
  next.focus();
});
let closed = [];
addEventListener('beforeprint', () => { closed = [...document.querySelectorAll('details:not([open])')]; closed.forEach(d => { d.open = true; }); });
addEventListener('afterprint', () => closed.forEach(d => { d.open = false; }));
