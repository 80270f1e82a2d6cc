// The bar between graph and chart: dragged or moved by keys; its place is remembered.

const KEPT = "tradegraph.backtest.split";
const LEAST = 20, MOST = 80; // percent of the width for the graph

/** @param {HTMLElement} divider a focusable separator @param {HTMLElement} panes what it divides */
export function divide(divider, panes, onMoved) {
  const set = (percent) => {
    const share = Math.max(LEAST, Math.min(MOST, percent));
    panes.style.setProperty("--split", `${share}%`);
    divider.setAttribute("aria-valuenow", String(Math.round(share)));
    localStorage.setItem(KEPT, String(share));
    onMoved();
  };
  const now = () => Number(divider.getAttribute("aria-valuenow"));
  const kept = Number(localStorage.getItem(KEPT));
  if (kept) set(kept);

  divider.addEventListener("pointerdown", (event) => {
    divider.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  divider.addEventListener("pointermove", (event) => {
    if (!divider.hasPointerCapture(event.pointerId)) return;
    const box = panes.getBoundingClientRect();
    set((100 * (event.clientX - box.left)) / box.width);
  });
  divider.addEventListener("keydown", (event) => {
    const to = { ArrowLeft: now() - 2, ArrowRight: now() + 2, Home: LEAST, End: MOST }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    set(to);
  });
  divider.addEventListener("dblclick", () => set(50));
}
