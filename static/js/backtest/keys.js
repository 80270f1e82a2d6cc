// Keys of the whole workbench; arrows belong to what has the focus (chart, slider, graph).

const KEYS = { n: ["trade", 1], p: ["trade", -1], "]": ["signal", 1], "[": ["signal", -1], ".": ["bar", 1], ",": ["bar", -1] };

/** @param {HTMLElement} element @param {import("./workbench.js").Workbench} bench */
export function listenToKeys(element, bench) {
  element.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input:not([type=range]), select, textarea");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") bench.trade ? bench.closeTrade() : bench.whole();
    else if (event.key in KEYS) bench.step(...KEYS[event.key]);
    else return;
    event.preventDefault();
  });
}
