// [how many texts were looked at, those whose contrast is less than WCAG 2.2, 1.4.3 wants]

function parsed(color) {
  const numbers = color.match(/[\d.]+(e-?\d+)?/g).map(Number);
  const scale = color.startsWith("color(") ? 255 : 1;
  return [...numbers.slice(0, 3).map((part) => part * scale), numbers[3] ?? 1];
}

function over(front, back) {
  return [0, 1, 2].map((i) => front[i] * front[3] + back[i] * (1 - front[3])).concat(1);
}

function ground(element) {
  const layers = [];
  for (let at = element; at; at = at.parentElement) {
    layers.push(parsed(getComputedStyle(at).backgroundColor));
    if (layers.at(-1)[3] === 1) break;
  }
  return layers.reduceRight((back, front) => over(front, back), [255, 255, 255, 1]);
}

function luminance(color) {
  const [r, g, b] = color.slice(0, 3).map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(element) {
  const back = ground(element);
  const style = getComputedStyle(element);
  const [one, other] = [over(parsed(style.color), back), back].map(luminance);
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
}

function enough(element) {
  const style = getComputedStyle(element);
  const size = parseFloat(style.fontSize);
  return size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
}

const texts = [...document.querySelectorAll("body *")].filter(
  (element) =>
    [...element.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim()) &&
    element.checkVisibility() &&
    !element.closest(".unseen, noscript, :disabled, option"),
);
const faint = texts
  .filter((element) => contrast(element) < enough(element))
  .map((element) => `${contrast(element).toFixed(2)}: ${element.outerHTML.slice(0, 120)}`);
return [texts.length, faint];
