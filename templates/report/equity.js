// Equity with drawdown below: an SVG drawn anew for every range and width.
const equityView = (() => {
  const data = pictures.equity, box = byId("equity"), svg = box.querySelector("svg"), readout = byId("equity-readout");
  const count = data.t.length, low = data.lo || data.eq, high = data.hi || data.eq;
  const time = (i) => data.t0 + data.t[i] * MINUTE;
  let from = 0, to = Math.max(1, count - 1), area = null, brush = null;

  byId("hold-label").hidden = !data.hold;

  function extent(first, last) {
    let min = Infinity, max = -Infinity, deepest = 0;
    for (let i = first; i <= last; i++) {
      min = Math.min(min, low[i]);
      max = Math.max(max, high[i]);
      deepest = Math.min(deepest, data.dd[i]);
      if (byId("hold").checked && data.hold) {
        min = Math.min(min, data.hold[i]);
        max = Math.max(max, data.hold[i]);
      }
    }
    const pad = (max - min) * 0.05 || Math.abs(max) * 0.01 || 1;
    return { min: min - pad, max: max + pad, deepest: deepest || -1 };
  }

  function draw() {
    const width = box.clientWidth, height = svg.clientHeight || 380, right = width < 500 ? 54 : 72;
    if (width < 100) return; // not laid out yet: the observer draws again
    const first = Math.max(0, Math.floor(from)), last = Math.min(count - 1, Math.ceil(to));
    const { min, max, deepest } = extent(first, last);
    const split = Math.round((height - 22) * 0.7), bottom = height - 22, deepTop = split + 16;
    const x = (i) => ((i - from) / (to - from)) * (width - right);
    const y = (v) => split - ((v - min) / (max - min)) * (split - 6);
    const z = (v) => deepTop + (v / deepest) * (bottom - deepTop);
    area = { width: width - right, height, split, bottom, x, y, z, first, last };
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.replaceChildren();
    axes({ min, max, deepest });
    const clip = svgNode("clipPath", { id: "inside" }, svgNode("defs", {}, svg));
    svgNode("rect", { x: 0, y: 0, width: width - right, height }, clip);
    const plot = svgNode("g", { "clip-path": "url(#inside)" }, svg);
    curves(plot, first, last);
    area.top = svgNode("g", {}, svg);
  }

  function curves(plot, first, last) {
    const { x, y, z, split } = area, line = (values, scale) => {
      let path = "";
      for (let i = first; i <= last; i++) path += `${i === first ? "M" : "L"}${x(i).toFixed(1)} ${scale(values[i]).toFixed(1)}`;
      return path;
    };
    const back = (values, scale) => {
      let path = "";
      for (let i = last; i >= first; i--) path += `L${x(i).toFixed(1)} ${scale(values[i]).toFixed(1)}`;
      return path;
    };
    const x0 = x(first).toFixed(1), x1 = x(last).toFixed(1), curve = line(data.eq, y);
    svgNode("path", { class: "under", d: `${curve}L${x1} ${split}L${x0} ${split}Z` }, plot);
    if (data.lo) svgNode("path", { class: "band", d: `${line(data.hi, y)}${back(data.lo, y)}Z` }, plot);
    if (byId("hold").checked && data.hold) svgNode("path", { class: "held", d: line(data.hold, y) }, plot);
    svgNode("line", { class: "base", x1: 0, x2: area.width, y1: y(data.capital), y2: y(data.capital) }, plot);
    svgNode("path", { class: "curve", d: curve }, plot);
    const deep = line(data.dd, z);
    svgNode("path", { class: "deep", d: `${deep}L${x1} ${z(0)}L${x0} ${z(0)}Z` }, plot);
    svgNode("path", { class: "deepest", d: deep }, plot);
  }

  function axes({ min, max, deepest }) {
    const text = (value, at, top, anchor = "start") => {
      svgNode("text", { x: at, y: top, "text-anchor": anchor }, svg).textContent = value;
    };
    const up = niceTicks(min, max, area.split / 48), down = niceTicks(deepest, 0, 2), digits = Math.max(up.digits, max < 1000 ? 2 : 0);
    for (const v of up.ticks) {
      svgNode("line", { class: "grid", x1: 0, x2: area.width, y1: area.y(v), y2: area.y(v) }, svg);
      text(number(v, digits), area.width + 6, area.y(v) + 4);
    }
    for (const v of down.ticks) {
      svgNode("line", { class: "grid", x1: 0, x2: area.width, y1: area.z(v), y2: area.z(v) }, svg);
      text(`${number(v, down.digits)} %`, area.width + 6, area.z(v) + 4);
    }
    timeAxis(text);
  }

  function timeAxis(text) {
    for (const [at, label] of timeTicks(area.first, area.last, time, area.x, area.width, 76)) {
      svgNode("line", { class: "grid", x1: at, x2: at, y1: 0, y2: area.bottom }, svg);
      text(label, at, area.bottom + 16, "middle");
    }
  }

  const indexAt = (px) => clamp(Math.round(from + (px / area.width) * (to - from)), area.first, area.last);

  function hover(px) {
    area.top.replaceChildren();
    if (px === null) { readout.innerHTML = "&nbsp;"; return; }
    const i = indexAt(px), at = area.x(i);
    svgNode("line", { class: "cross", x1: at, x2: at, y1: 0, y2: area.bottom }, area.top);
    svgNode("circle", { class: "dot", cx: at, cy: area.y(data.eq[i]), r: 4.5 }, area.top);
    if (brush !== null) {
      svgNode("rect", { class: "brush", x: Math.min(px, brush), width: Math.abs(px - brush), y: 0, height: area.bottom }, area.top);
    }
    const range = data.lo ? ` (${number(low[i])} to ${number(high[i])})` : "";
    const hold = byId("hold").checked && data.hold ? ` &middot; buy and hold <b>${number(data.hold[i])}</b>` : "";
    readout.innerHTML = `<b>${minute(time(i))}</b> &middot; equity <b>${number(data.eq[i])}</b>${range} &middot; ` +
      `${signed(100 * (data.eq[i] / data.capital - 1))} % &middot; drawdown <b>${number(data.dd[i])} %</b>${hold}`;
  }

  function show(a, b) {
    const length = clamp(b - a, Math.min(8, count - 1) || 1, Math.max(1, count - 1));
    from = clamp(a, 0, Math.max(0, count - 1 - length));
    to = from + length;
    box.dataset.range = `${from.toFixed(1)} ${to.toFixed(1)}`;
    draw();
  }
  const all = () => show(0, count - 1);
  const position = (event) => clamp(event.clientX - box.getBoundingClientRect().left, 0, area.width);

  box.addEventListener("pointermove", (event) => hover(position(event)));
  box.addEventListener("pointerleave", () => { if (brush === null) hover(null); });
  box.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.pointerType === "touch") return;
    brush = position(event);
    box.setPointerCapture(event.pointerId);
  });
  box.addEventListener("pointerup", (event) => {
    if (brush === null) return;
    const [a, b] = [brush, position(event)].sort((p, q) => p - q), scale = (to - from) / area.width;
    brush = null;
    if (b - a > 5) show(from + a * scale, from + b * scale);
    hover(position(event));
  });
  box.addEventListener("dblclick", all);
  byId("equity-reset").addEventListener("click", all);
  byId("hold").addEventListener("change", draw);
  box.addEventListener("keydown", (event) => {
    const length = to - from, middle = (from + to) / 2;
    const actions = {
      ArrowLeft: () => show(from - length / 5, to - length / 5), ArrowRight: () => show(from + length / 5, to + length / 5),
      "+": () => show(middle - length / 3, middle + length / 3), "-": () => show(middle - length * 0.75, middle + length * 0.75), Home: all,
    };
    actions["="] = actions["+"];
    if (!actions[event.key] || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    actions[event.key]();
  });
  new ResizeObserver(draw).observe(box);
  all();
  return { show };
})();
