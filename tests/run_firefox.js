// Drive a page in Firefox, from disk: draw, look inside, teach, at three sizes.
// Usage: NODE_PATH=... node run_firefox.js FIREFOX URL; writes what it saw as JSON.
const puppeteer = require("puppeteer-core");

const CROSS = [[[60, 60], [220, 220]], [[220, 60], [60, 220]]];

async function main([executablePath, url]) {
  const browser = await puppeteer.launch({ browser: "firefox", executablePath, headless: true });
  const seen = { errors: [], widths: [] };
  try {
    const page = await browser.newPage();
    page.on("pageerror", (error) => seen.errors.push(String(error)));
    page.on("console", (message) => message.type() === "error" && seen.errors.push(message.text()));
    for (const [width, height] of [[1920, 1080], [1366, 768], [390, 844]]) {
      await page.setViewport({ width, height });
      await page.goto(url);
      await still(page);
      seen.widths.push([width, await page.evaluate("document.documentElement.scrollWidth")]);
    }
    await page.setViewport({ width: 1366, height: 768 });
    await page.goto(url);
    await page.keyboard.press("7");
    await still(page);
    seen.answer = await page.$eval("#answer", (element) => element.textContent);
    for (let i = 0; i < 3; i++) await page.keyboard.press("PageDown");
    seen.unit = await page.evaluate("state.unit.name");
    await page.evaluate((strokes) => {
      clear();
      for (const stroke of strokes) {
        startStroke(stroke[0]);
        stroke.slice(1).forEach(extendStroke);
      }
    }, CROSS);
    await still(page);
    await page.evaluate("teach(4)");
    await until(page, "!lessons.running");
    await still(page);
    seen.learned = await page.$eval("#answer", (element) => element.textContent);
    await page.evaluate("undoLesson()");
    await still(page);
    seen.undone = await page.$eval("#answer", (element) => element.textContent);
  } finally {
    await browser.close();
  }
  console.log(JSON.stringify(seen));
}

/** Wait until nothing is being drawn any more, a sample among it. */
async function still(page) {
  await until(page, "!sampleTimer");
  await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
}

/** Wait for a condition; the page's policy forbids puppeteer's own way. */
async function until(page, condition) {
  for (let tries = 0; !(await page.evaluate(condition)); tries++) {
    if (tries > 900) throw new Error(condition);
    await new Promise((done) => setTimeout(done, 100));
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
