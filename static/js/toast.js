// Short messages in the corner; they go by themselves unless they tell of something bad.

const SHOWN = 8_000; // ms
const MOST = 4;

/**
 * @param {string} text
 * @param {{kind?: "good"|"bad"|"warn"|"", href?: string, action?: string}} [options] `href`: where the message leads
 */
export function toast(text, { kind = "", href, action = "Open" } = {}) {
  const place = document.getElementById("toasts");
  if (!place) return;
  const box = document.createElement("div");
  box.className = `toast ${kind}`;
  const words = document.createElement("span");
  words.textContent = text;
  const tools = document.createElement("span");
  tools.className = "buttons";
  if (href) {
    const link = Object.assign(document.createElement("a"), { className: "button small", href, textContent: action });
    tools.append(link);
  }
  const close = Object.assign(document.createElement("button"), { type: "button", className: "button quiet small", textContent: "×" });
  close.setAttribute("aria-label", "Close the message");
  close.addEventListener("click", () => box.remove());
  tools.append(close);
  box.append(words, tools);
  place.append(box);
  while (place.childElementCount > MOST) place.firstElementChild.remove();
  if (kind !== "bad") leaveLater(box);
}

/** Nobody loses a message while reading it. */
function leaveLater(box) {
  const again = () => setTimeout(() => (box.matches(":hover, :focus-within") ? again() : box.remove()), SHOWN);
  again();
}
