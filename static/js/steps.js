// Which of the first steps somebody has taken, where only the browser sees it.

const PREFIX = "step:";

/** @param {string} step */
export function remember(step) {
  try {
    localStorage.setItem(PREFIX + step, "1");
  } catch {
    // A browser that remembers nothing shows the step as open.
  }
}

/** @param {string} step */
export function isDone(step) {
  try {
    return localStorage.getItem(PREFIX + step) === "1";
  } catch {
    return false;
  }
}
