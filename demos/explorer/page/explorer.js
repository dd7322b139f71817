// What the pages share: questions to the server, elements, numbers.

/** A number in a few digits, four unless it is told how many. */
export const { number } = Charts;

const errorBox = document.getElementById("error");

/** Show an error above the page, or with "" none. */
export function complain(text) {
  errorBox.textContent = text;
  errorBox.hidden = !text;
}

/** Show the error of a question; no error takes away that of an earlier time, and no other. */
function complainOf(question, text) {
  if (!text && errorBox.dataset.question !== question) return;
  errorBox.dataset.question = question;
  complain(text);
}

/** The answer to a question, such as "digits/read". An error is shown by `say`, above the page, and thrown. */
export async function ask(question, members = {}, say = (text) => complainOf(question, text)) {
  let answer, content;
  try {
    answer = await fetch(`/api/${question}`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(members),
    });
    content = await answer.json();
  } catch (error) {
    say("The server does not answer. Is it still running in its terminal?");
    throw error;
  }
  if (!answer.ok) {
    say(content.error);
    throw new Error(content.error);
  }
  say("");
  return content;
}

/**
 * A function that calls `work` with the newest arguments, and never twice at the same time: what arrives while it works
 * waits, and only the last of it is done. So a quick hand never has to wait for old strokes or keys.
 */
export function latest(work) {
  let busy = false, next = null;
  return async function call(...given) {
    next = given;
    if (busy) return;
    busy = true;
    try {
      while (next) {
        const now = next;
        next = null;
        await work(...now);
      }
    } catch (error) {
      if (errorBox.hidden) complain(String(error));
    } finally {
      busy = false;
    }
  };
}

/** An element with properties (or attributes, where a name has a hyphen), and what is in it. */
export function element(tag, properties = {}, ...content) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...content);
  return made;
}

/** A probability as a percentage. */
export function percent(value) {
  if (value > 0 && value < 0.0005) return "< 0.1 %";
  return value < 1 && value > 0.9995 ? "> 99.9 %" : `${(100 * value).toFixed(1)} %`;
}

// Pictures of numbers ----------------------------------------------------------------------------------------------------

function paint(canvas, values, colour) {
  const { width, height } = canvas, data = new ImageData(width, height);
  values.forEach((value, i) => data.data.set(colour(value, i), 4 * i));
  canvas.getContext("2d").putImageData(data, 0, 0);
}

/** Bytes of ink, white on black, as the drawing field has it. */
export function paintInk(canvas, values) {
  paint(canvas, values, (ink) => [ink, ink, ink, 255]);
}

/**
 * Numbers from -127 to 127: blue above 0, orange below, the paler the smaller; the paper shows through. Where bytes of
 * ink are given, they are seen in grey below.
 */
export function paintSigned(canvas, values, ink = null) {
  paint(canvas, values, (value, i) => {
    const over = Math.min((2 * Math.abs(value)) / 255, 1), under = ink ? (0.35 * ink[i]) / 255 : 0;
    const alpha = over + under * (1 - over), colour = value < 0 ? [213, 94, 0] : [0, 114, 178];
    return [...colour.map((c) => (alpha ? (c * over + 128 * under * (1 - over)) / alpha : 0)), 255 * alpha];
  });
}
