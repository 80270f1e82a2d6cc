// Why a trade was made and why a bar had none, in words; every condition leads to its node.

import { byId, make } from "./dom.js";
import { minute } from "./clock.js";
import { money, number, percent } from "./values.js";

const FIRST = 4; // conditions per side before "show all"
const SIGNS = { true: ["✓", "met"], false: ["✗", "not met"], null: ["?", "not yet known"] };

/** The panel under graph and chart. */
export class Reasons {
  /**
   * @param {{onNode: (node: string) => void, onTime: (time: number) => void, onClose: () => void}} options
   */
  constructor({ onNode, onTime, onClose }) {
    this.on = { onNode, onTime };
    this.title = byId("reasons-title");
    this.body = byId("reasons-body");
    this.close = byId("close-trade");
    this.spoken = byId("reasons-spoken");
    this.close.addEventListener("click", onClose);
  }

  /** Says that an answer is on its way; the old one stays until it is there, so that nothing jumps. */
  waiting(title) {
    this.title.textContent = title;
    this.body.setAttribute("aria-busy", "true");
  }

  /** What could not be had, and why. */
  failed(message) {
    this._show([make("p", { class: "notice bad", text: message })], message);
  }

  /** A sentence instead of an answer. */
  say(title, text) {
    this.title.textContent = title;
    this.close.hidden = true;
    this._show([make("p", { class: "muted", text })], "");
  }

  /** The answer of /why for a bar that led to no trade. */
  bar(time, why) {
    this.title.textContent = `Why no trade at ${minute(time)} UTC`;
    this.close.hidden = true;
    const sides = ["long", "short"].filter((side) => why[side]).map((side) => this._side(side, why[side]));
    this._show([make("p", { class: "outcome", text: why.sentence }), make("div", { class: "sides" }, ...sides)],
      why.sentence);
  }

  /** The decision slice of a trade. */
  trade(trade, slice) {
    this.title.textContent = `Trade ${trade.number}: ${trade.side} ${trade.symbol}`;
    this.close.hidden = false;
    const because = slice.because.map(([group, sentence, node]) => this._condition({ group, sentence, node, met: true }));
    const decided = make("section", {}, make("h4", { text: "Decided by" }), make("ul", { class: "conditions" }, ...because));
    const rules = make("dl", { class: "rules" }, ...slice.rules.flatMap(([name, text]) => [
      make("dt", { text: name }), make("dd", { text }),
    ]));
    this._show([make("div", { class: "sides three" }, decided, make("section", {}, make("h4", { text: "The order" }), rules),
      this._course(trade))], `Trade ${trade.number}. ${slice.because.map((one) => one[1]).join(". ")}`);
  }

  _course(trade) {
    const step = (name, time, text) => [
      make("dt", {}, make("button", { type: "button", class: "link", text: name, click: () => this.on.onTime(time) })),
      make("dd", { text }),
    ];
    const tone = trade.pnl > 0 ? "good" : trade.pnl < 0 ? "bad" : "";
    const share = trade.pnl_percent === null ? "" : ` (${percent(trade.pnl_percent)})`;
    const course = make("dl", { class: "rules" },
      ...step("Decision", trade.decision_time - 1, `at the close of ${minute(trade.decision_time)}`),
      ...step("Entry", trade.entry_time, `${minute(trade.entry_time)} at ${number(trade.entry_price)}`),
      ...step("Exit", trade.exit_time,
        `${minute(trade.exit_time)} at ${number(trade.exit_price)}, ${trade.exit_reason.replaceAll("_", " ")}`),
      make("dt", { text: "Profit" }), make("dd", { class: `profit ${tone}`, text: money(trade.pnl) + share }),
      make("dt", { text: "Costs" }), make("dd", { text: `fees ${number(trade.fees)}, funding ${money(trade.funding)}` }));
    const ambiguous = trade.ambiguous
      ? [make("p", { class: "muted", text: "The exit depends on the path assumed inside a bar." })] : [];
    return make("section", {}, make("h4", { text: "What became of it" }), course, ...ambiguous);
  }

  _side(side, { met, conditions }) {
    const block = make("section", {}, make("h4", { text: met ? `${side}: all conditions were met` : `No ${side}, nearest first` }));
    const items = conditions.map((condition) => this._condition(condition));
    const list = make("ol", { class: "conditions" }, ...items.slice(0, FIRST));
    block.append(list);
    if (items.length > FIRST) {
      const more = make("button", { type: "button", class: "link", text: `show ${items.length - FIRST} more`, click: () => {
        list.append(...items.slice(FIRST));
        more.remove();
      } });
      block.append(more);
    }
    return block;
  }

  _condition({ sentence, node, met, group = "" }) {
    const [sign, words] = SIGNS[String(met)];
    const where = group && !sentence.includes(group) ? `${group.replaceAll("/", " › ")}: ` : "";
    return make("li", { "data-met": String(met) },
      make("span", { class: "sign", "aria-label": words, role: "img", text: sign }),
      make("button", { type: "button", class: "condition", "data-node": node, text: where + sentence,
        click: () => this.on.onNode(node) }));
  }

  _show(blocks, spoken) {
    this.body.removeAttribute("aria-busy");
    this.body.replaceChildren(...blocks);
    this.body.scrollTop = 0;
    this.spoken.textContent = spoken;
  }
}
