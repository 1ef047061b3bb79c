// The picture's place on the stage: zoom, pan, and which of the two pictures is shown.

const stage = document.getElementById("stage");
const world = document.getElementById("world");
const pictures = { a: document.getElementById("apicture"), c: document.getElementById("cpicture") };
const view = { x: 0, y: 0, scale: 1, picture: "a", touched: false };
const FAR = 0.46; // the scale below which tables' names are too small to read, and domains' are shown instead
const LEAST = 0.04;
const MOST = 4;
const calm = matchMedia("(prefers-reduced-motion: reduce)");
let animation = 0;

function shownPicture() {
  return pictures[view.picture];
}

function drawView() {
  world.setAttribute("transform", `translate(${view.x.toFixed(2)} ${view.y.toFixed(2)}) scale(${view.scale.toFixed(4)})`);
  stage.classList.toggle("far", view.scale < FAR);
  stage.style.setProperty("--unit", String(1 / view.scale));
}

function moveTo(x, y, scale) {
  cancelAnimationFrame(animation);
  Object.assign(view, { x, y, scale: Math.min(MOST, Math.max(LEAST, scale)) });
  drawView();
}

function glideTo(x, y, scale) {
  if (calm.matches) return moveTo(x, y, scale);
  cancelAnimationFrame(animation);
  const from = { ...view };
  const start = performance.now();
  const step = (now) => {
    const part = Math.min(1, (now - start) / 220);
    const eased = 1 - (1 - part) ** 3;
    const between = (a, b) => a + (b - a) * eased;
    Object.assign(view, { x: between(from.x, x), y: between(from.y, y), scale: between(from.scale, scale) });
    drawView();
    if (part < 1) animation = requestAnimationFrame(step);
  };
  animation = requestAnimationFrame(step);
}

function zoomAt(x, y, factor) {
  const scale = Math.min(MOST, Math.max(LEAST, view.scale * factor));
  const real = scale / view.scale;
  view.touched = true;
  moveTo(x - (x - view.x) * real, y - (y - view.y) * real, scale);
}

function zoomBy(factor) {
  zoomAt(stage.clientWidth / 2, stage.clientHeight / 2, factor);
}

// The box on the stage, as large as it fits, but not larger than it was drawn.
function fitBox(box, glide) {
  const pad = 12;
  const width = stage.clientWidth - 2 * pad;
  const height = stage.clientHeight - 2 * pad;
  const scale = Math.max(LEAST, Math.min(1.25, width / box.width, height / box.height));
  const x = pad + (width - box.width * scale) / 2 - box.x * scale;
  const y = pad + Math.max(0, (height - box.height * scale) / 2) - box.y * scale;
  (glide ? glideTo : moveTo)(x, y, scale);
}

function shownBox() {
  const picture = shownPicture();
  const silo = stage.dataset.silo && picture.querySelector(`.silo.${stage.dataset.silo} > rect`);
  if (silo) return silo.getBBox();
  return { x: 0, y: 0, width: Number(picture.dataset.width), height: Number(picture.dataset.height) };
}

function fitAll(glide) {
  view.touched = false;
  fitBox(shownBox(), glide);
}

function tableElement(number) {
  return document.getElementById(`${view.picture}t${number}`);
}

function tableBox(element) {
  const hit = element.querySelector(".hit");
  const [x, y, width, height] = ["x", "y", "width", "height"].map((name) => Number(hit.getAttribute(name)));
  return { x, y, width, height };
}

// Brings a table to where it can be seen and read, and moves nothing if it is there already.
function bringIntoView(number) {
  const element = tableElement(number);
  if (!element) return;
  const box = tableBox(element);
  const scale = Math.max(view.scale, 0.85);
  const left = box.x * view.scale + view.x;
  const top = box.y * view.scale + view.y;
  const inside = left > 0 && top > 0 && left + box.width * view.scale < stage.clientWidth && top + 20 < stage.clientHeight;
  if (inside && scale === view.scale) return;
  view.touched = true;
  glideTo(stage.clientWidth / 2 - (box.x + box.width / 2) * scale, stage.clientHeight / 2 - (box.y + 10) * scale, scale);
}

function showPicture(name) {
  view.picture = name;
  for (const [key, picture] of Object.entries(pictures)) if (picture) picture.toggleAttribute("hidden", key !== name);
  fitAll(false);
}

// pointers: one drags, two pinch

const pointers = new Map();
let dragged = 0;

function local(event) {
  const box = stage.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}

function spread() {
  const [one, other] = [...pointers.values()];
  return { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2, distance: Math.hypot(one.x - other.x, one.y - other.y) };
}

stage.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  if (pointers.size === 0) dragged = 0;
  pointers.set(event.pointerId, local(event));
});

stage.addEventListener("pointermove", (event) => {
  const before = pointers.get(event.pointerId);
  if (!before) return;
  const point = local(event);
  const pinch = pointers.size === 2 ? spread() : null;
  pointers.set(event.pointerId, point);
  dragged += Math.hypot(point.x - before.x, point.y - before.y);
  if (dragged < 4) return;
  if (!stage.hasPointerCapture(event.pointerId)) stage.setPointerCapture(event.pointerId);
  stage.classList.add("dragging");
  view.touched = true;
  if (pinch) {
    const now = spread();
    zoomAt(now.x, now.y, now.distance / Math.max(1, pinch.distance));
    moveTo(view.x + now.x - pinch.x, view.y + now.y - pinch.y, view.scale);
  } else {
    moveTo(view.x + point.x - before.x, view.y + point.y - before.y, view.scale);
  }
});

for (const name of ["pointerup", "pointercancel"]) {
  stage.addEventListener(name, (event) => {
    pointers.delete(event.pointerId);
    if (pointers.size === 0) stage.classList.remove("dragging");
  });
}

stage.addEventListener(
  "wheel",
  (event) => {
    event.preventDefault();
    const { x, y } = local(event);
    const lines = event.deltaMode === 1 ? 16 : 1;
    if (event.shiftKey) moveTo(view.x - (event.deltaX || event.deltaY) * lines, view.y, view.scale);
    else zoomAt(x, y, Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.0015)));
  },
  { passive: false },
);

document.getElementById("zoom-in").addEventListener("click", () => zoomBy(1.4));
document.getElementById("zoom-out").addEventListener("click", () => zoomBy(1 / 1.4));
document.getElementById("zoom-fit").addEventListener("click", () => fitAll(true));
new ResizeObserver(() => view.touched || fitAll(false)).observe(stage);
