// Elements made of text and nothing else: what a machine says of itself never becomes markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (value === true) {
      element.setAttribute(name, "");
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value);
    }
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** An element; strings among its children are text. */
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** An element of a drawing. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** Change an element's text only if it differs, so that what is selected stays selected. */
export function setText(element, text) {
  const wanted = text === null || text === undefined ? "" : String(text);
  if (element.textContent !== wanted) element.textContent = wanted;
}

/** Change an attribute only if it differs; null removes it. */
export function setAttribute(element, name, value) {
  if (value === null || value === undefined || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

/** Put other children into an element. */
export function replace(parent, ...children) {
  parent.replaceChildren();
  return fill(parent, {}, children);
}

const rowsOf = new WeakMap();

/**
 * Make the children of `parent` those of `items`, in their order. Elements are kept by key, so
 * that focus, selection and scrolling survive. `create(item)` makes {element, update(item)}.
 */
export function sync(parent, items, keyOf, create) {
  const before = rowsOf.get(parent) ?? new Map();
  const after = new Map();
  for (const item of items) after.set(keyOf(item), before.get(keyOf(item)) ?? create(item));
  for (const [key, row] of before) if (!after.has(key)) row.element.remove();
  rowsOf.set(parent, after);
  let place = parent.firstElementChild;
  for (const item of items) {
    const row = after.get(keyOf(item));
    row.update(item);
    if (row.element === place) place = place.nextElementSibling;
    else parent.insertBefore(row.element, place);
  }
}
