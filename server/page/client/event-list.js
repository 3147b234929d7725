/**
 * The newest events as rows, with filters and a pause. However long it runs, it holds `maxRows` events that came last,
 * as many that are shown, as many that wait to be drawn, and, in a pause, those of its beginning.
 */
import { describeEvent } from './describe-event.js';

const maxRows = 200;
/** A service has a handful of types; where each event has its own, chips are of no use. */
const maxTypes = 12;
const otherTypes = Symbol('other types');
const noticeableLevels = ['warn', 'warning', 'error', 'fatal', 'critical'];
const timeFormat = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  hourCycle: 'h23',
});

/**
 * @param elements `list`, `note`, `types`, `search`: where it draws and what it listens to
 * @param onDrawn called after each frame in which something new was drawn
 * @returns `add(events)`, `clear()`, `reset()`, `setPaused(isPaused)`; `pausedCount` is what came in since the pause
 */
export function createEventList({ list, note, types, search }, onDrawn) {
  let number = 0;
  /** Newest last, whatever the filters. */
  let recent = [];
  /** Matching events that are not drawn yet, newest last. */
  let pending = [];
  /** In a pause, what the filters choose from. */
  let held = [];
  let knownTypes = [];
  let chosenTypes = new Set();
  let isPaused = false;
  let pausedCount = 0;
  let hasFrame = false;
  const entryOfRow = new WeakMap();

  // Parsed when it is needed: of a burst most is never drawn.
  const describe = (entry) => {
    entry.description ??= describeEvent(entry.data);
    return entry.description;
  };

  function typeKey(type) {
    return knownTypes.includes(type) ? type : otherTypes;
  }

  function matches(entry) {
    const text = search.value.trim().toLowerCase();
    if (text !== '' && !entry.data.toLowerCase().includes(text)) return false;
    return chosenTypes.size === 0 || chosenTypes.has(typeKey(describe(entry).type));
  }

  function add(events) {
    for (const { id, data, at } of events.slice(-maxRows)) {
      number += 1;
      const entry = { number, id, data, at, description: null };
      keepLast(recent, entry);
      if (matches(entry)) keepLast(pending, entry);
    }
    if (isPaused) pausedCount += events.length;
    askFrame();
  }

  function keepLast(entries, entry) {
    entries.push(entry);
    if (entries.length > maxRows) entries.shift();
  }

  // A hidden tab draws nothing; it catches up when it is looked at.
  function askFrame() {
    if (hasFrame || isPaused || document.hidden) return;
    hasFrame = true;
    requestAnimationFrame(draw);
  }

  function draw() {
    hasFrame = false;
    if (isPaused) return;
    const rows = document.createDocumentFragment();
    for (const entry of pending.reverse()) rows.append(createRow(entry));
    pending = [];
    list.prepend(rows);
    while (list.childElementCount > maxRows) list.lastElementChild.remove();
    drawNote();
    onDrawn();
  }

  const shownEntries = () => Array.from(list.children, (row) => entryOfRow.get(row));

  /** What is shown stays, if it matches; of what is not shown there are the most recent. Rows that are open stay so. */
  function refilter() {
    const rows = new Map(Array.from(list.children, (row) => [entryOfRow.get(row), row]));
    const candidates = new Set(isPaused ? held : [...held, ...rows.keys(), ...recent]);
    const entries = [...candidates].filter(matches).sort((a, b) => b.number - a.number);
    list.replaceChildren(...entries.slice(0, maxRows).map((entry) => rows.get(entry) ?? createRow(entry)));
    if (!isPaused) pending = [];
    drawNote();
  }

  function drawNote() {
    const isFiltered = search.value.trim() !== '' || chosenTypes.size > 0;
    note.hidden = list.childElementCount > 0;
    note.textContent = isFiltered
      ? 'No event matches the filters. Events that match appear here as they come in.'
      : 'No events yet. They appear here as they come in.';
  }

  function createRow(entry) {
    const { type, level, timeMs, summary } = describe(entry);
    if (type !== '') learnType(type);
    const row = document.createElement('li');
    row.dataset.row = entry.id;
    if (noticeableLevels.includes(level)) row.dataset.level = level.startsWith('warn') ? 'warn' : 'error';
    const details = document.createElement('details');
    const line = document.createElement('summary');
    const time = createText('time', '', timeFormat.format(timeMs ?? entry.at));
    time.title = `${timeMs === null ? 'Arrived' : 'Happened'} ${new Date(timeMs ?? entry.at).toLocaleString()}`;
    line.append(time);
    // Empty columns only where other rows have something in them.
    if (level !== '') list.dataset.hasLevels = '';
    line.append(createText('span', 'level', level), createText('span', 'type', type));
    line.append(createText('span', 'text', summary));
    details.append(line);
    row.append(details);
    entryOfRow.set(row, entry);
    return row;
  }

  function learnType(type) {
    if (knownTypes.length > maxTypes || knownTypes.includes(type)) return;
    const isOneTooMany = knownTypes.length === maxTypes;
    knownTypes.push(isOneTooMany ? otherTypes : type);
    const chip = createText('button', 'chip', isOneTooMany ? 'other types' : type);
    chip.type = 'button';
    chip.setAttribute('aria-pressed', 'false'); // as a property, Firefox has it only since 119
    const key = knownTypes.at(-1);
    chip.addEventListener('click', () => {
      if (!chosenTypes.delete(key)) chosenTypes.add(key);
      chip.setAttribute('aria-pressed', String(chosenTypes.has(key)));
      refilter();
    });
    types.append(chip);
    types.hidden = false;
  }

  function clear() {
    recent = [];
    pending = [];
    held = [];
    pausedCount = 0;
    list.replaceChildren();
    drawNote();
  }

  // `toggle` does not bubble, but it can be captured: one listener for all rows.
  list.addEventListener(
    'toggle',
    ({ target: details }) => {
      details.querySelector('pre')?.remove();
      const entry = entryOfRow.get(details.parentElement);
      if (details.open && entry !== undefined) details.append(createText('pre', '', prettify(entry.data)));
    },
    true,
  );
  search.addEventListener('input', refilter);
  document.addEventListener('visibilitychange', askFrame);

  return {
    add,
    clear,
    /** As `clear`, and without the types: another workflow has others. */
    reset() {
      knownTypes = [];
      chosenTypes = new Set();
      types.replaceChildren();
      delete list.dataset.hasLevels;
      types.hidden = true;
      search.value = '';
      clear();
    },
    setPaused(value) {
      if (value === isPaused) return;
      isPaused = value;
      pausedCount = 0;
      if (isPaused) {
        held = [...shownEntries(), ...recent];
      } else {
        refilter(); // also with what came in since, and the filters may be others by now
        held = [];
      }
    },
    get pausedCount() {
      return pausedCount;
    },
  };
}

function createText(tag, className, text) {
  const element = document.createElement(tag);
  if (className !== '') element.className = className;
  element.textContent = text;
  return element;
}

function prettify(data) {
  try {
    return JSON.stringify(JSON.parse(data), null, 2);
  } catch {
    return data;
  }
}
