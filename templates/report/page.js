// Shared by the pictures and the table: data, words for numbers, the theme.
const pictures = JSON.parse(document.getElementById("pictures").textContent);
const byId = (id) => document.getElementById(id);
const svgNode = (name, attributes, parent) => {
  const node = document.createElementNS(document.querySelector("svg").namespaceURI, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (parent) parent.append(node);
  return node;
};
const two = (n) => String(n).padStart(2, "0");
const day = (t) => new Date(t).toISOString().slice(0, 10);
const minute = (t) => new Date(t).toISOString().slice(0, 16).replace("T", " ");
const number = (v, digits = 2) =>
  v === null ? "n/a" : v.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const signed = (v, digits = 2) => (v > 0 ? "+" : "") + number(v, digits);
const clamp = (v, low, high) => Math.max(low, Math.min(high, v));
const MINUTE = 60000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

// A length of time in its two largest units.
function span(ms) {
  const minutes = Math.round(ms / MINUTE), days = Math.floor(minutes / 1440), hours = Math.floor((minutes % 1440) / 60);
  if (days) return hours ? `${days} d ${hours} h` : `${days} d`;
  if (!hours) return `${minutes} min`;
  return minutes % 60 ? `${hours} h ${two(minutes % 60)} min` : `${hours} h`;
}

// Round values between low and high, about `count` of them.
function niceTicks(low, high, count) {
  const raw = (high - low) / Math.max(1, count) || 1, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].find((s) => s * power >= raw * 0.999) * power;
  const ticks = [];
  for (let k = Math.ceil(low / step); k * step <= high + step * 1e-9; k++) ticks.push(k * step || 0);
  const digits = clamp(Math.ceil(-Math.log10(step) + (String(step).includes("25") ? 1 : 0) - 1e-9), 0, 10);
  return { ticks, digits };
}

// Steps of a time axis; from a month on they follow the calendar.
const MONTHS = new Map([[30 * DAY, 1], [61 * DAY, 2], [91 * DAY, 3], [182 * DAY, 6], [365 * DAY, 12], [730 * DAY, 24], [1826 * DAY, 60]]);
const TIME_STEPS = [5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY,
  4 * DAY, 7 * DAY, 14 * DAY, ...MONTHS.keys()];

// Labels of a time axis: [position, text] where a step begins, at least `space` pixels apart.
function timeTicks(first, last, time, x, width, space) {
  const gap = (time(last) - time(first)) / Math.max(1, (x(last) - x(first)) / (space + 12));
  const step = TIME_STEPS.find((s) => s >= gap) || TIME_STEPS.at(-1), months = MONTHS.get(step), found = [];
  const slotOf = (t) => {
    if (!months) return Math.floor(t / step);
    const date = new Date(t);
    return Math.floor((date.getUTCFullYear() * 12 + date.getUTCMonth()) / months);
  };
  let before = null, free = space / 2, date = "";
  for (let i = first; i <= last; i++) {
    const slot = slotOf(time(i)), at = x(i);
    if (slot !== before && before !== null && at > free && at < width - space / 3) {
      const iso = new Date(step < DAY ? slot * step : time(i)).toISOString(), today = iso.slice(5, 10);
      const hour = today === date || iso.slice(11, 16) === "00:00" ? "" : `${today} `;
      const text = months >= 12 ? iso.slice(0, 4) : months ? iso.slice(0, 7) : step >= DAY || (!hour && today !== date) ? today : hour + iso.slice(11, 16);
      found.push([at, text]);
      date = today;
      free = at + space;
    }
    before = slot;
  }
  return found;
}

// Theme: the system's, until the button says otherwise; kept for the next report if the browser allows.
const system = matchMedia("(prefers-color-scheme: dark)");
const root = document.documentElement;
const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
function stored(value) {
  try {
    if (value === undefined) return localStorage.getItem("tradegraph-theme");
    localStorage.setItem("tradegraph-theme", value);
  } catch { /* a file opened from disk may have no storage */ }
  return null;
}
function showTheme() {
  byId("theme").textContent = isDark() ? "Light" : "Dark";
  byId("theme").setAttribute("aria-label", isDark() ? "Use the light theme" : "Use the dark theme");
  byId("theme").setAttribute("aria-pressed", String(isDark()));
  document.dispatchEvent(new Event("themechange"));
}
if (["dark", "light"].includes(stored())) root.dataset.theme = stored();
byId("theme").addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  stored(root.dataset.theme);
  showTheme();
});
system.addEventListener("change", showTheme);
byId("print").addEventListener("click", () => window.print());
// Paper is white: the pictures are drawn in the light theme while the page is printed.
let themeOnScreen;
addEventListener("beforeprint", () => {
  themeOnScreen = root.dataset.theme;
  root.dataset.theme = "light";
  showTheme();
});
addEventListener("afterprint", () => {
  if (themeOnScreen) root.dataset.theme = themeOnScreen; else delete root.dataset.theme;
  showTheme();
});
byId("copy").addEventListener("click", async () => {
  const text = byId("command").textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    getSelection().selectAllChildren(byId("command"));
    document.execCommand("copy");
  }
  byId("copy").textContent = "Copied";
  setTimeout(() => { byId("copy").textContent = "Copy"; }, 1500);
});
