// The panels beside the pictures: one is open at a time, or none. Tabs by mouse and by arrow keys.

// Keys that scroll a panel which has the focus itself; the room has other uses for most of them.
const SCROLLS = new Set(["ArrowUp", "ArrowDown", "PageUp", "PageDown", "Home", "End", " "]);

/** `open(name)`, `close()`, `current`, and `on(handler)` for whoever fills a panel when it opens. */
export function mountDock(room) {
  const dock = document.getElementById("dock");
  const tabs = [...dock.querySelectorAll("[role=tab]")];
  const panelOf = (tab) => document.getElementById(tab.getAttribute("aria-controls"));
  const handlers = [];
  const state = {
    current: "",
    on: (handler) => handlers.push(handler),
    open(name, { focus = false } = {}) {
      state.current = name;
      for (const tab of tabs) {
        const chosen = tab.dataset.panel === name;
        tab.setAttribute("aria-selected", String(chosen));
        tab.tabIndex = chosen || (!name && tab === tabs[0]) ? 0 : -1;
        panelOf(tab).hidden = !chosen;
        if (chosen && focus) panelOf(tab).focus();
      }
      dock.classList.toggle("is-open", Boolean(name));
      for (const handler of handlers) handler(name);
    },
    close() {
      const had = dock.contains(document.activeElement);
      const tab = tabs.find((each) => each.dataset.panel === state.current);
      state.open("");
      if (had) tab?.focus();
    },
  };
  for (const tab of tabs)
    tab.addEventListener("click", () => {
      if (tab.dataset.panel === state.current) state.close();
      else state.open(tab.dataset.panel);
    });
  dock.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && state.current) {
      event.preventDefault();
      return state.close();
    }
    if (event.target.matches("[role=tabpanel]") && SCROLLS.has(event.key)) return event.stopPropagation();
    const place = tabs.indexOf(event.target);
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (place < 0 || !step) return;
    event.preventDefault();
    tabs[(place + step + tabs.length) % tabs.length].focus();
  });
  room.addEventListener("closed", () => {
    state.open("");
    dock.hidden = true;
  });
  return state;
}

const docks = new WeakMap();

/** The room's one dock. */
export function dockOf(room) {
  if (!docks.has(room)) docks.set(room, mountDock(room));
  return docks.get(room);
}

/** The addresses that the panels ask. */
export const panelFacts = () => JSON.parse(document.getElementById("panel-facts").textContent);

/** A row of a list, from its template: the element, and its parts by name. */
export function rowOf(id) {
  const element = document.getElementById(id).content.firstElementChild.cloneNode(true);
  const parts = {};
  for (const each of element.querySelectorAll("[data-part]")) parts[each.dataset.part] = each;
  return { element, parts };
}

/** A length of time in words. */
export function lengthOf(ms, texts) {
  const seconds = Math.max(1, Math.round(ms / 1000));
  if (seconds < 90) return texts.seconds.replace("{s}", seconds);
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return texts.minutes.replace("{m}", minutes);
  return texts.hours.replace("{h}", Math.floor(minutes / 60)).replace("{m}", minutes % 60);
}
