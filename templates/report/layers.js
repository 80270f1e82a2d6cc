// What the graph saw, on the candles: areas, label ribbons, lines and swing marks, each with a switch in the legend.
const layerView = (() => {
  const legend = byId("layers"), sets = pictures.layers || [], shades = 6;
  let layers = [], changed = () => {};

  async function choose(market, bars) {
    const chosen = sets[market] || [];
    let line = 0;
    chosen.forEach((layer) => { layer.shade ??= layer.kind === "line" ? `line-${(line++ % shades) + 1}` : layer.kind === "marks" ? "dim" : "accent"; });
    await Promise.all(chosen.map((layer) => (layer.kind === "line" ? layer.values || unpackLine(layer, bars) : unpackItems(layer))));
    layers = chosen;
    list();
  }

  async function unpackItems(layer) {
    if (typeof layer.items === "string") layer.items = await unzipJson(layer.items);
  }

  async function unpackLine(layer, bars) {
    const steps = await unzip(layer.steps), values = new Float64Array(steps.length);
    let units = 0;
    for (let i = 0; i < steps.length; i++) { units += steps[i]; values[i] = units * bars.unit; }
    for (let k = 0; k < layer.gaps.length; k += 2) values.fill(NaN, layer.gaps[k], layer.gaps[k + 1]);
    layer.values = values;
  }

  // Legend: one switch per layer; when there are many, those that are off at first are folded away, by sub-graph.
  function list() {
    const many = layers.length > 9, shown = layers.filter((layer) => layer.on || !many), rest = layers.filter((layer) => !shown.includes(layer));
    legend.replaceChildren(...groups(shown));
    legend.hidden = !layers.length;
    if (!rest.length) return;
    const details = document.createElement("details"), summary = document.createElement("summary"), box = document.createElement("div");
    summary.textContent = `${rest.length} more`;
    box.className = "layers";
    box.append(...groups(rest));
    details.append(summary, box);
    legend.append(details);
  }

  function groups(members) {
    const made = [];
    for (const group of [...new Set(members.map((layer) => layer.group))].sort()) {
      if (group) {
        const name = document.createElement("span");
        name.className = "group";
        name.textContent = `${group}:`;
        made.push(name);
      }
      made.push(...members.filter((layer) => layer.group === group).map(switchOf));
    }
    return made;
  }

  function switchOf(layer) {
    const label = document.createElement("label"), box = document.createElement("input"), swatch = document.createElement("span");
    label.className = "check";
    box.type = "checkbox";
    box.checked = layer.on;
    box.addEventListener("change", () => { layer.on = box.checked; changed(); });
    swatch.className = `swatch ${layer.kind}`;
    swatch.style.setProperty("--shade", `var(--${layer.shade})`);
    const more = layer.left_out ? ` (nearest to trades; ${number(layer.left_out, 0)} others are left out)` : "";
    const name = layer.group ? layer.name.replaceAll(`${layer.group}/`, "") : layer.name;
    label.append(box, " ", swatch, ` ${name}${more}`);
    return label;
  }

  // Position of an instant among the bars, also between and beyond them.
  function at(t, bars) {
    let low = 0, high = bars.count;
    while (low < high) { const middle = (low + high) >> 1; if (bars.time[middle] <= t) low = middle + 1; else high = middle; }
    return low - 1;
  }

  function under(pen, plot, bars, colours) {
    let ribbon = 0;
    const first = bars.time[plot.first], last = bars.time[plot.last] + bars.bar_ms;
    for (const layer of layers) {
      if (!layer.on) continue;
      if (layer.kind === "areas") for (const box of layer.items) if (box[1] >= first && box[0] <= last) area(pen, plot, bars, colours, box);
      if (layer.kind === "spans") ribbonOf(pen, plot, bars, colours, layer, first, last, ribbon++);
    }
  }

  function area(pen, plot, bars, colours, [start, end, low, high, kind]) {
    const left = plot.x(at(start, bars) - 0.5), right = plot.x(at(end, bars) + 0.5), top = plot.y(high), tall = Math.max(1.5, plot.y(low) - top);
    pen.fillStyle = pen.strokeStyle = kind > 0 ? colours.up : kind < 0 ? colours.down : colours.accent;
    pen.globalAlpha = 0.1;
    pen.fillRect(left, top, right - left, tall);
    pen.globalAlpha = 0.3;
    pen.strokeRect(left, top, right - left, tall);
    pen.globalAlpha = 1;
  }

  function ribbonOf(pen, plot, bars, colours, layer, first, last, row) {
    pen.textAlign = "left";
    pen.textBaseline = "middle";
    for (const [start, end, code] of layer.items) {
      if (end < first || start > last) continue;
      const left = Math.max(0, plot.x(at(start, bars) - 0.5)), right = Math.min(plot.width, plot.x(at(end - 1, bars) + 0.5));
      pen.fillStyle = colours[`line-${(code % shades) + 1}`];
      pen.globalAlpha = 0.3;
      pen.fillRect(left, row * 15, Math.max(1, right - left), 13);
      pen.globalAlpha = 1;
      const text = layer.names[code].replaceAll("_", " ");
      if (pen.measureText(text).width + 8 > right - left) continue;
      pen.fillStyle = colours.text;
      pen.fillText(text, left + 4, row * 15 + 7);
    }
  }

  function over(pen, plot, bars, colours) {
    for (const layer of layers) {
      if (!layer.on) continue;
      if (layer.kind === "line") lineOf(pen, plot, layer, colours);
      if (layer.kind === "marks") marksOf(pen, plot, bars, layer, colours);
    }
  }

  function lineOf(pen, plot, layer, colours) {
    pen.strokeStyle = colours[layer.shade];
    pen.lineWidth = 1.4;
    pen.beginPath();
    const step = Math.max(1, Math.floor((plot.last - plot.first) / (2 * plot.width)));
    let drawing = false, before = NaN;
    for (let i = plot.first; i <= plot.last; i += step) {
      const value = layer.values[i];
      if (Number.isNaN(value)) { drawing = false; continue; }
      if (drawing && layer.rests) pen.lineTo(plot.x(i), plot.y(before)); // a level changes at once
      if (drawing) pen.lineTo(plot.x(i), plot.y(value)); else pen.moveTo(plot.x(i), plot.y(value));
      before = value;
      drawing = true;
    }
    pen.stroke();
    pen.lineWidth = 1;
  }

  function marksOf(pen, plot, bars, layer, colours) {
    const first = bars.time[plot.first], last = bars.time[plot.last] + bars.bar_ms;
    const seen = layer.items.filter(([t]) => t >= first && t < last);
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    for (const [t, price, side, text] of seen) {
      const x = plot.x(at(t, bars)), y = plot.y(price) - side * 9;
      pen.fillStyle = side > 0 ? (text === "LH" ? colours.down : colours.up) : text === "LL" ? colours.down : colours.up;
      if (!text) pen.fillStyle = colours.dim;
      if (text && seen.length <= 160) pen.fillText(text, x, y);
      else pen.fillRect(x - 2, y - 2, 4, 4);
    }
  }

  return { choose, under, over, onChange: (listener) => { changed = listener; } };
})();
