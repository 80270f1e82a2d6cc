// Why a trade was made and why a bar had none: the panel below the candles.
(() => {
  const why = pictures.why;
  if (!why) return;
  const body = byId("reasons-body"), title = byId("reasons-title"), spoken = byId("reasons-spoken"), pieces = new Map();
  let asked = 0, speaking;

  // An item out of pieces of `size` items each, which are unpacked once.
  async function item(store, index) {
    const text = store.pieces[Math.floor(index / store.size)];
    if (!pieces.has(text)) pieces.set(text, unzipJson(text));
    return (await pieces.get(text))[index % store.size];
  }

  // Number of the bar that holds an instant among those explained, or -1.
  function indexOf(market, t) {
    let before = 0;
    for (const [start, count] of market.segments) {
      if (t < start) return -1;
      if (t < start + count * market.bar_ms) return before + Math.floor((t - start) / market.bar_ms);
      before += count;
    }
    return -1;
  }

  const element = (tag, text, className) => {
    const made = document.createElement(tag);
    if (text) made.textContent = text;
    if (className) made.className = className;
    return made;
  };

  function say(text) {
    clearTimeout(speaking); // keys held down must not make a queue of announcements
    speaking = setTimeout(() => { spoken.textContent = text; }, 250);
  }

  function show(heading, text, ...blocks) {
    title.textContent = heading;
    body.replaceChildren(...(text ? [element("p", text, "outcome")] : []), ...blocks);
    body.scrollTop = 0;
  }

  async function bar(marketNumber, t) {
    const ticket = ++asked, market = why.markets[marketNumber], index = indexOf(market, t);
    if (index < 0) {
      const place = minute(t).replace(" ", "T"), text = "The reasons of this bar are not in this file. To see them run:";
      show(`${minute(t)} UTC`, text, element("pre", `${byId("reasons").dataset.command} ${place}`));
      say(`${minute(t)}: ${text}`);
      return;
    }
    const [outcome, sentence, trade, long, short] = await item(market, index);
    if (ticket !== asked) return;
    const known = trade >= why.slices.first, sides = element("div", "", "sides");
    const met = [long, short].some((side) => side[0]);
    if (trade >= 0 && known) {
      const slice = await item(why.slices, trade - why.slices.first);
      if (ticket !== asked) return;
      show(`${minute(t)} UTC`, sentence, ...sliceBlocks(slice));
      say(`${minute(t)}: ${sentence}`);
      return;
    }
    [["long", long], ["short", short]].forEach(([name, side]) => { if (!side[0]) sides.append(sideBlock(name, side)); });
    show(`${minute(t)} UTC`, outcome === "none" && !met ? "" : sentence, sides);
    const first = ([name, side]) => (side[2] ? `${name}: ${side[2][1]}` : "");
    say(`${minute(t)}: ${outcome === "none" ? "no entry. " : `${sentence} `}${[["Long", long], ["Short", short]].map(first).filter(Boolean).join(". ")}`);
  }

  function sideBlock(name, [, more, ...conditions]) {
    const block = element("div"), list = element("ol", "", "conditions");
    block.append(element("h4", `No ${name}, nearest first`));
    for (const [unknown, sentence] of conditions) list.append(element("li", sentence, unknown ? "unknown" : "failed"));
    if (more) list.append(element("li", "and more, farther away", "more"));
    block.append(list);
    return block;
  }

  function sliceBlocks(slice) {
    const because = element("div"), list = element("ul", "", "conditions"), nodes = element("div"), rules = element("dl", "", "rules");
    because.append(element("h4", "Decided by"));
    let group = "";
    for (const [inside, sentence] of slice.because) {
      if (inside !== group && inside) list.append(element("li", inside, "group"));
      group = inside;
      list.append(element("li", inside ? sentence.replaceAll(`${inside}/`, "") : sentence, "held"));
    }
    for (const [name, words] of slice.rules) rules.append(element("dt", name), element("dd", words));
    because.append(list, rules);
    nodes.append(element("h4", "Nodes and what they had"));
    for (const [name, members] of slice.groups) nodes.append(nodeBlock(name, members));
    const sides = element("div", "", "sides");
    sides.append(because, nodes);
    return [sides];
  }

  function nodeBlock(name, members) {
    const list = element("ul", "", "nodes");
    for (const [label, type, timeframe, values] of members) {
      const line = element("li"), words = values.map(([port, text]) => (port === "out" ? text : `${port.replaceAll("_", " ")} ${text}`)).join(", ");
      line.append(element("b", name ? label.replace(`${name}/`, "") : label), ` ${words || "\u2013"} `, element("span", `${type}, ${timeframe}`, "dim"));
      list.append(line);
    }
    if (!name) return list;
    const details = element("details");
    details.append(element("summary", `${name} (${members.length})`), list);
    return details;
  }

  async function trade(n) {
    const ticket = ++asked;
    if (n < why.slices.first) {
      const place = minute(trades.decision_time[n] - 1).replace(" ", "T");
      show(`Trade ${n + 1}`, `Slices of the trades before number ${why.slices.first + 1} are not in this file. To see this one run:`, element("pre", `${byId("reasons").dataset.command} ${place}`));
      return;
    }
    const slice = await item(why.slices, n - why.slices.first);
    if (ticket !== asked) return;
    show(`Trade ${n + 1}: why it was made`, `Decided at the close of ${minute(trades.decision_time[n])} UTC.`, ...sliceBlocks(slice));
  }

  candleView.follow(trade);
  candleView.onBar(bar);
})();
