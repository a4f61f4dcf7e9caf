// The rights owners' desk. Everything here also works without this file, only less smoothly.
"use strict";

(() => {
  const AT_ONCE = 2;
  const TRIES = 4;

  // --- A short name is proposed while the English name is typed, until somebody writes one. ---

  const proposal = (title) =>
    title
      .normalize("NFKD")
      .replace(/[^\x00-\x7f]|'/g, "")
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .slice(0, 64)
      .replace(/^-+|-+$/g, "");

  for (const form of document.querySelectorAll("[data-proposes-slug]")) {
    const title = form.elements.namedItem("title.en");
    const slug = form.elements.namedItem("slug");
    let own = slug.value !== "" && slug.value !== proposal(title.value);
    slug.addEventListener("input", () => {
      own = slug.value !== "";
    });
    title.addEventListener("input", () => {
      if (!own) slug.value = proposal(title.value);
    });
  }

  // --- Further lines for names. ---

  for (const form of document.querySelectorAll("[data-rows]")) {
    const more = form.querySelector("[data-add-row]");
    if (!more) continue;
    more.hidden = false;
    more.addEventListener("click", () => {
      const rows = form.querySelector("tbody");
      const row = rows.lastElementChild.cloneNode(true);
      const name = row.querySelector("input");
      for (const told of row.querySelectorAll(".fault, .desk-remarks")) told.remove();
      name.value = "";
      name.removeAttribute("aria-invalid");
      name.removeAttribute("aria-describedby");
      rows.append(row);
      name.focus();
    });
  }

  // --- Pictures: one a request, each answered with its report. ---

  const form = document.querySelector("[data-drop]");
  if (!form) return;
  const input = form.querySelector("input[type=file]");
  const section = document.querySelector("[data-reports]");
  const list = section.querySelector("ul");
  const title = section.querySelector("h2");
  const waiting = [];
  const count = { all: 0, done: 0, added: 0, refused: 0 };
  let running = 0;

  const filled = (text) => text.replace(/\{(\w+)\}/g, (_, name) => count[name]);
  const element = (name, text, kind) => {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  };

  const line = (file) => {
    const item = element("li", "", "desk-report");
    const words = element("div");
    const said = element("p");
    const state = element("span", section.dataset.waiting, "soft");
    const bar = element("progress");
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", file.name);
    said.append(element("strong", file.name), " ", state);
    words.append(said, bar);
    item.append(element("span", "", "desk-none"), words);
    list.append(item);
    return { item, state, bar };
  };

  const failed = (view, text) => {
    view.bar.remove();
    view.state.className = "fault";
    view.state.textContent = text;
    count.refused += 1;
  };

  const answered = (view, request) => {
    const answer = new DOMParser().parseFromString(request.responseText, "text/html");
    const report = answer.querySelector(".desk-report");
    if (request.status === 200 && report) {
      count[report.dataset.outcome === "refused" ? "refused" : "added"] += 1;
      view.item.replaceWith(document.adoptNode(report));
      return;
    }
    const said = answer.querySelector("main h1");
    failed(view, said ? said.textContent : section.dataset.failed);
  };

  const send = (file, view, tries, done) => {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("images", file, file.name);
    request.open("POST", form.action);
    request.setRequestHeader("X-CSRF-Token", form.elements.namedItem("csrf").value);
    request.setRequestHeader("X-One-Picture", "1");
    request.upload.addEventListener("progress", (event) => {
      view.bar.value = event.lengthComputable ? event.loaded / event.total : 0;
    });
    request.upload.addEventListener("load", () => {
      view.bar.removeAttribute("value");
      view.state.textContent = section.dataset.reading;
    });
    request.addEventListener("load", () => {
      if (request.status === 503 && tries > 1) {
        const seconds = Number(request.getResponseHeader("Retry-After")) || 2;
        setTimeout(() => send(file, view, tries - 1, done), seconds * 1000);
        return;
      }
      answered(view, request);
      done();
    });
    request.addEventListener("error", () => {
      failed(view, section.dataset.failed);
      done();
    });
    request.send(body);
  };

  // What the page shows beside the reports is as it was when it was loaded.
  const refresh = async () => {
    const answer = await fetch(form.action, { credentials: "same-origin" });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const old of document.querySelectorAll("[data-fresh]")) {
      const fresh = page.querySelector(`[data-fresh="${old.dataset.fresh}"]`);
      if (fresh) old.replaceWith(document.adoptNode(fresh));
    }
  };

  const next = () => {
    while (running < AT_ONCE && waiting.length) {
      const { file, view } = waiting.shift();
      running += 1;
      send(file, view, TRIES, () => {
        running -= 1;
        count.done += 1;
        title.textContent = filled(section.dataset.progress);
        if (count.done === count.all) {
          title.textContent = filled(section.dataset.finished);
          refresh().catch(() => undefined);
        }
        next();
      });
    }
  };

  const take = (files) => {
    const pictures = [...files];
    if (!pictures.length) return;
    if (!running && !waiting.length) {
      list.replaceChildren();
      Object.assign(count, { all: 0, done: 0, added: 0, refused: 0 });
    }
    section.hidden = false;
    count.all += pictures.length;
    for (const file of pictures) waiting.push({ file, view: line(file) });
    title.textContent = filled(section.dataset.progress);
    next();
  };

  form.classList.add("ready");
  input.addEventListener("change", () => {
    take(input.files);
    input.value = "";
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    take(input.files);
    input.value = "";
  });
  for (const name of ["dragenter", "dragover"]) {
    form.addEventListener(name, (event) => {
      event.preventDefault();
      form.classList.add("over");
    });
  }
  for (const name of ["dragleave", "drop"]) {
    form.addEventListener(name, () => form.classList.remove("over"));
  }
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    take(event.dataTransfer.files);
  });
})();
