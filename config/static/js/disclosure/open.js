// Opens a sealed package on the recipient's own computer. It is put into open.html, which lies beside the sealed
// file and has no network: what is read here leaves the page only as the file that is saved.
(() => {
  "use strict";
  const facts = JSON.parse(document.getElementById("facts").textContent);
  const at = (id) => document.getElementById(id);
  // Above this size a browser that can writes straight into the file that is chosen.
  const LARGE_BYTES = 256 * 1024 * 1024;
  const PART_BYTES = 16 * 1024 * 1024;
  let language = "en";
  let said = null; // [element, key, values]

  const text = (key, values = {}) =>
    facts.texts[language][key].replace(/\{(\w+)\}/g, (_all, name) => values[name]);

  function say(element, key, values) {
    at("status").textContent = at("alert").textContent = "";
    said = key ? [element, key, values] : null;
    if (key) at(element).textContent = text(key, values);
  }

  function speak(chosen) {
    language = chosen;
    document.documentElement.lang = chosen;
    for (const element of document.querySelectorAll("[data-text]")) element.textContent = text(element.dataset.text);
    for (const button of document.querySelectorAll("header button"))
      button.setAttribute("aria-pressed", String(button.lang === chosen));
    document.title = text("title");
    if (said) at(said[0]).textContent = text(said[1], said[2]);
  }

  // As it was made: capitals in groups of four, whatever width and signs it was typed with.
  const phraseOf = (typed) =>
    (typed.normalize("NFKC").toUpperCase().replace(/[^0-9A-Z]/g, "").match(/.{1,4}/g) || []).join("-");

  async function decrypter(typed) {
    const opening = new age.Decrypter();
    if (!facts.key) {
      opening.addIdentity((typed.toUpperCase().match(/AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]+/) || [""])[0]);
      return opening;
    }
    const inner = new age.Decrypter();
    inner.addPassphrase(phraseOf(typed));
    opening.addIdentity((await inner.decrypt(age.armor.decode(facts.key), "text")).trim());
    return opening;
  }

  // Where it is written straight away, or null: then it is saved as a download. AbortError if it was called off.
  async function target(size) {
    if (size < LARGE_BYTES || !window.showSaveFilePicker) return null;
    try {
      const handle = await window.showSaveFilePicker({ suggestedName: facts.opened });
      return { handle, writable: await handle.createWritable() };
    } catch (error) {
      if (error.name === "AbortError") throw error;
      return null; // not allowed here
    }
  }

  // A file that was there before is as it was; the empty one that the browser made goes.
  async function discard(to) {
    if (!to) return;
    try {
      await to.writable.abort();
      if (!(await to.handle.getFile()).size) await to.handle.remove();
    } catch {
      // it is empty and stays
    }
  }

  class Unsaved extends Error {}

  // `keep` is given parts of some MiB: each of its own takes the browser longer than opening it.
  async function drain(stream, keep, progress) {
    const reader = stream.getReader();
    let parts = [];
    let waiting = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (!done) {
        parts.push(value);
        waiting += value.length;
        progress(value.length);
      }
      if (waiting >= PART_BYTES || (done && waiting)) {
        try {
          await keep(new Blob(parts));
        } catch (error) {
          throw new Unsaved(String(error));
        }
        parts = [];
        waiting = 0;
      }
      if (done) return;
    }
  }

  // Blobs, which the browser keeps on disk when they are many.
  async function collect(stream, progress) {
    const blobs = [];
    await drain(stream, (part) => blobs.push(part), progress);
    return new Blob(blobs, { type: "application/zip" });
  }

  async function write(stream, writable, progress) {
    await drain(stream, (part) => writable.write(part), progress);
    try {
      await writable.close();
    } catch (error) {
      throw new Unsaved(String(error));
    }
  }

  function offer(blob) {
    const link = at("again");
    if (link.href) URL.revokeObjectURL(link.href);
    link.href = URL.createObjectURL(blob);
    link.download = facts.opened;
    link.hidden = false;
    link.click();
  }

  async function open(file, typed) {
    say("status", "checking");
    let to;
    try {
      to = await target(file.size);
    } catch {
      return say("alert", "called_off");
    }
    await new Promise((resolve) => setTimeout(resolve, 30)); // what is said is shown first
    const refuse = async (key) => {
      await discard(to);
      return say("alert", key);
    };
    let opening;
    let stream;
    try {
      opening = await decrypter(typed);
    } catch {
      return refuse("wrong");
    }
    try {
      stream = await opening.decrypt(file.stream());
    } catch (error) {
      return refuse(/no identity matched|identity/i.test(String(error)) ? "wrong" : "not_age");
    }
    let done = 0;
    let shown = -1;
    const progress = (size) => {
      done += size;
      const percent = Math.min(99, Math.floor((done / file.size) * 100));
      if (percent !== shown) say("status", "working", { percent });
      shown = percent;
    };
    try {
      if (to) await write(stream, to.writable, progress);
      else offer(await collect(stream, progress));
    } catch (error) {
      return refuse(error instanceof Unsaved ? "unsaved" : "broken");
    }
    return say("status", "done", { name: to ? to.handle.name : facts.opened });
  }

  at("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const file = at("file").files[0];
    const typed = at("secret").value.trim();
    if (!file) return say("alert", "no_file");
    if (!typed) return say("alert", "no_secret");
    at("open").disabled = true;
    at("again").hidden = true;
    await open(file, typed);
    at("open").disabled = false;
    return undefined;
  });
  for (const button of document.querySelectorAll("header button"))
    button.addEventListener("click", () => speak(button.lang));
  const wanted = (navigator.languages || []).map((each) => each.slice(0, 2)).find((each) => facts.texts[each]);
  at("form").hidden = false;
  speak(wanted || "en");
})();
