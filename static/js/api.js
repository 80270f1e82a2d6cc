/**
 * Calls of the API: JSON there and back, with the CSRF token of the page, and one kind of error.
 *
 *     import { api, ApiError } from "./api.js";
 *     const found = await api("/api/backtests?limit=20");
 *     await api("/api/backtests", { method: "POST", body: { graph: "ema_cross" } });
 *
 * A refusal is shown in `#problem` (unless `quiet`) and thrown as an ApiError.
 */

/** What the server refused, or that it could not be reached (status 0). */
export class ApiError extends Error {
  /** @param {{status: number, code: string, message: string, details?: any[], request_id?: string}} error */
  constructor(error) {
    super(error.message);
    this.name = "ApiError";
    this.status = error.status;
    this.code = error.code;
    this.details = error.details ?? [];
    this.requestId = error.request_id ?? "";
  }
}

/**
 * @param {string} path
 * @param {{method?: string, body?: any, headers?: Record<string, string>, signal?: AbortSignal, quiet?: boolean}} [options]
 * @returns {Promise<any>} the JSON of the answer, null if it has none
 */
export async function api(path, { method = "GET", body, headers = {}, signal, quiet = false } = {}) {
  try {
    const answer = await fetch(path, request(method, body, headers, signal)).catch((error) => {
      if (error.name === "AbortError") throw error;
      throw new ApiError({ status: 0, code: "unreachable", message: "The server does not answer. Is it running?" });
    });
    if (!answer.ok) throw await refusal(answer);
    if (!quiet && method !== "GET") clearProblem();
    const text = await answer.text();
    return text ? JSON.parse(text) : null;
  } catch (error) {
    if (!quiet && error instanceof ApiError) showProblem(error);
    throw error;
  }
}

function request(method, body, headers, signal) {
  const all = { Accept: "application/json", ...headers };
  if (!["GET", "HEAD"].includes(method)) {
    all["X-CSRF-Token"] = document.querySelector('meta[name="csrf-token"]')?.content ?? "";
  }
  const isJson = body !== undefined && !(body instanceof FormData);
  if (isJson) all["Content-Type"] = "application/json";
  return { method, headers: all, body: isJson ? JSON.stringify(body) : body, signal, credentials: "same-origin" };
}

async function refusal(answer) {
  const document = await answer.json().catch(() => null); // something between us and the server may have answered
  const message = `The server answered ${answer.status} ${answer.statusText}.`;
  return new ApiError(document?.error ?? { status: answer.status, code: "http", message });
}

/** Show an error where screen readers hear it. @param {ApiError | Error | string} error */
export function showProblem(error) {
  const place = document.getElementById("problem");
  if (!place) return;
  const box = document.createElement("p");
  box.className = "notice bad";
  box.textContent = sentence(typeof error === "string" ? error : error.message);
  const details = (error.details ?? []).map((detail) => detail?.message ?? String(detail));
  if (details.length) {
    const list = document.createElement("ul");
    list.append(...details.slice(0, 20).map((text) => Object.assign(document.createElement("li"), { textContent: text })));
    place.replaceChildren(box, list);
  } else {
    place.replaceChildren(box);
  }
  place.scrollIntoView({ block: "nearest" });
}

/** A message as a sentence of a page; a name at its beginning stays as it is. @param {string} text */
export function sentence(text) {
  const begun = /^\S*[_./]/.test(text) ? text : text.slice(0, 1).toUpperCase() + text.slice(1);
  return /[.!?:]$/.test(begun) ? begun : `${begun}.`;
}

/** Nothing is wrong any more. */
export function clearProblem() {
  document.getElementById("problem")?.replaceChildren();
}
