// The wall renews itself while it is seen: not in a hidden tab, and it says so when it cannot.
const wall = () => document.getElementById("wall");
const stale = (is) => {
  const notice = document.getElementById("wall-stale");
  if (notice) notice.hidden = !is;
};

const ours = (event) => event.detail.elt?.id === "wall";

document.addEventListener("htmx:beforeRequest", (event) => {
  if (ours(event) && document.hidden) event.preventDefault();
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && wall()) window.htmx.trigger(wall(), "wall:due");
});

// A session that has ended leads to the sign-in: the whole page goes there, not its part.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (!ours(event)) return;
  const answered = new URL(event.detail.xhr.responseURL || location.href).pathname;
  if (answered !== new URL(wall().getAttribute("hx-get"), location.href).pathname) {
    event.detail.shouldSwap = false;
    location.reload();
  } else if (event.detail.xhr.status >= 400) {
    event.detail.shouldSwap = false;
    stale(true);
  }
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.elt?.id === "wall" || event.detail.target?.id === "wall") stale(false);
});

for (const trouble of ["htmx:sendError", "htmx:timeout"])
  document.addEventListener(trouble, (event) => { if (ours(event)) stale(true); });
