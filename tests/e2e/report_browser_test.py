# SPDX-License-Identifier: Apache-2.0
"""Opens the pages of `lockstep report` in headless Chromium: no console error, no request but for the page, no text of a model that
became markup, nothing wider than a phone, enough contrast, and every control does what it says; then the live view of a growing run.

    python3 tests/e2e/report_browser_test.py build/release/lockstep [FOLDER_FOR_SCREENSHOTS]

Needs Chromium (Debian: chromium; or name one in LOCKSTEP_CHROMIUM). Without it nothing is tested: it says so, and exits with 77.
"""
import http.client
import json
import math
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import time

from chromium import Chromium, find_chromium

NOT_RUN = 77
HOSTILE = ["</script><img src=x onerror='window.pwned=1'>", "<svg onload=window.pwned=1>", "<!--<script>window.pwned=1</script>-->",
           "\u202eevil\u2028 line \u0007bell \x1b[31m", "javascript:window.pwned=1", "{{script}}", "\\boxed{7} <|im_end|>",
           "<think>wait, but I <b>check</b>\n\n    four spaces</think><answer>42</answer>", "<think>never closed, however", "\U0001F600 \u4e2d\u6587 \u0627\u0644"]
REFLECTION = {"wait", "mistake", "however", "but", "retry", "error", "verify", "wrong", "evaluate", "check"}
STEPS = 120

# WCAG contrast of every text that shows, against the colours behind it; those below `least`.
CONTRAST = """
(() => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
  const rgba = (text) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const over = ([r, g, b, a], [R, G, B]) => [r, g, b].map((c, i) => c * a / 255 + [R, G, B][i] * (1 - a / 255));
  const light = (c) => c.map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
  const back = (e) => { const chain = []; for (let n = e; n; n = n.parentElement) chain.push(n); return chain.reverse().reduce((c, n) => over(rgba(getComputedStyle(n).backgroundColor), c), [255, 255, 255]); };
  const bad = new Set();
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    const box = e.getBoundingClientRect(), style = getComputedStyle(e);
    if (!own || !box.width || !box.height || e.closest('[hidden], .hide, .skip, script, option, [aria-pressed="false"].key')) continue;
    const alpha = [...function* () { for (let n = e; n; n = n.parentElement) yield +getComputedStyle(n).opacity; }()].reduce((a, b) => a * b, 1);
    const behind = back(e), color = rgba(e instanceof SVGElement ? style.fill : style.color);
    const [a, b] = [light(over([...color.slice(0, 3), color[3] * alpha], behind)), light(behind)].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) bad.add(`${((a + 0.05) / (b + 0.05)).toFixed(2)} ${e.tagName}.${e.getAttribute('class')} ${e.textContent.trim().slice(0, 30)}`);
  }
  return [...bad];
})()
"""


def expect(is_so, what):
    if not is_so:
        sys.exit(f"report_browser: {what}")


def grpo_row(step, rng):
    x = step / STEPS
    row = {"stage": "grpo", "step": step, "loss": rng.gauss(0, 0.01), "entropy": 2 * math.exp(-3 * x) + 0.1, "grad_norm": abs(rng.gauss(0.5, 0.2)),
           "learning_rate": 1e-5 * (1 - x), "kl": 0.001 * x if step != 50 else None, "reward": 2 * x, "reward_std": 0.5 * (1 - x), "frac_reward_zero_std": x / 2,
           "rewards/accuracy/mean": x, "rewards/format/mean": min(1, 2 * x), "completions/mean_length": 40 + 40 * x, "completions/min_length": 10,
           "completions/max_length": 128, "completions/clipped_ratio": 0.1 * (1 - x), "completions/reflection": x, "clip_ratio/low_mean": 0.01, "clip_ratio/high_mean": 0.02,
           "clip_ratio/region_mean": 0.03, "timing_s/rollout": 1 + rng.random(), "timing_s/reward": 0.2, "step_time": 3 + rng.random(),
           "perf/rollout_tokens_per_s": 9000 + rng.gauss(0, 300), "num_tokens": 10000 * step, "some/other": rng.random()}
    for layer in range(3):
        row |= {f"perf/expert_load/layer_{layer}/max_over_mean": 1 + rng.random(), f"perf/expert_load/layer_{layer}/idle": 0}
    if step % 10 == 0:
        row |= {"eval_pass@1": 0.9 * x, "eval_cons@k": x, "eval_pass@k": min(1, 1.2 * x)}
    return row


def make_run(folder, seed):
    rng = random.Random(seed)
    (folder / "completions").mkdir(parents=True)
    rows = [{"stage": "pretrain", "step": step, "loss": 5 / step ** 0.3, "grad_norm": 1, "learning_rate": 1e-3, "num_tokens": 1000 * step, "step_time": 0.2}
            for step in range(1, 2001)]
    rows += [grpo_row(step, rng) for step in range(1, STEPS + 1)]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"stage": "grpo", "st')
    for step in range(STEPS):
        (folder / f"completions/step_{step}.jsonl").write_text("".join(json.dumps(
            {"step": step, "prompt": f"What is {i}+{step}?\n{HOSTILE[0]}", "completion": HOSTILE[i % len(HOSTILE)], "accuracy": float(i % 2),
             "format": "timeout" if i == 3 else 1.0, "accuracy/answer": HOSTILE[i % len(HOSTILE)], "reward": 1.0 + i % 2, "advantage": i % 3 - 1.0,
             "num_tokens": 20 + i, "finish_reason": "eos" if i % 4 else "length"}) + "\n" for i in range(20)))
    config = {"output_dir": str(folder), "seed": seed, "grpo": {"max_steps": STEPS, "loss": {"beta": 0.001 * seed}, "hostile": HOSTILE[0]}, "eval": {"num_prompts": 256},
              "model": {"config": {"model_type": "deepseek_v3", "num_hidden_layers": 4, "hidden_size": 128, "n_routed_experts": 8, "num_experts_per_tok": 2}}}
    (folder / "config.json").write_text(json.dumps(config))
    for name, score in (("before", 0.05), ("after", 0.9)):
        (folder / f"eval_{name}.json").write_text(json.dumps({"pass_at_1": score, "pass_at_k": score, "cons_at_k": score, "format": score, "mean_length": 40.0, "reward": score,
                                                              "num_prompts": 256, "num_samples": 2048, "pass_by_difficulty": {"4": score}}))
    return folder


def check_clean(browser, where, url):
    expect(not browser.problems, f"{where}: {browser.problems}")
    expect(set(browser.requests) <= {url}, f"{where}: asked for {set(browser.requests) - {url}}")
    expect(browser.evaluate("window.pwned === undefined && document.querySelectorAll('img, iframe, object, embed, #samples svg[onload], b[onload]').length === 0"),
           f"{where}: text of a model became markup")


def check_samples(browser):
    """Opens each hostile completion of the newest step: the text is what the model wrote, hidden characters named; words are marked."""
    browser.evaluate("R.byId('samples-step').querySelector('select').value; [...R.byId('samples-body').querySelectorAll('tr.sample')].slice(0, 12).forEach((row) => row.click())")
    browser.settle()
    texts = browser.evaluate("[...document.querySelectorAll('tr.details')].map((row) => [row.querySelectorAll('pre')[1].textContent, "
                             "[...row.querySelectorAll('pre mark')].map((mark) => mark.textContent)])")
    expect(len(texts) == 12, f"{len(texts)} of 12 rows opened")
    shown = {text for text, _ in texts}
    for text in HOSTILE[:3] + HOSTILE[4:9]:
        expect(text in shown, f"a completion is not shown as it is: {text!r}, but {shown}")
    expect(any("U+202E" in text and "U+2028" in text and "\u2407" in text and "\u241b[31m" in text for text in shown), "hidden characters have no names")
    for text, marks in texts:
        words = [word for word in re.findall(r"[A-Za-z']+", re.sub(r"</?(think|answer)>", " ", text)) if word.lower() in REFLECTION]
        expect(marks == words, f"reflection words {words}, marked {marks}")
    expect(browser.evaluate("getComputedStyle(document.querySelector('tr.details pre')).whiteSpace.includes('pre-wrap')"), "white space of completions is lost")
    browser.evaluate("document.querySelectorAll('tr.sample').forEach((row) => row.nextSibling?.className === 'details' && row.click())")


def check_sorting(browser):
    browser.evaluate("document.querySelector('th[data-sort=\"advantage\"] button').click()")
    first = browser.evaluate("document.querySelector('tr.sample td[data-label=advantage]').textContent")
    expect(first == "+1", f"sorted by advantage, the first is {first}")
    expect(browser.evaluate("document.querySelector('th[data-sort=advantage]').getAttribute('aria-sort')") == "descending", "aria-sort does not follow")
    browser.evaluate("(() => { const s = document.querySelector('#samples input[type=search]'); s.value = 'ANSWER>42'; s.dispatchEvent(new Event('input')); })()")
    found = browser.evaluate("R.byId('samples-count').textContent")
    expect(re.match(r"2\d\d of ", found), f"the search found {found}")
    browser.evaluate("(() => { const s = document.querySelector('#samples input[type=search]'); s.value = ''; s.dispatchEvent(new Event('input')); })()")


def check_charts(browser):
    titles = browser.evaluate("[...document.querySelectorAll('.section h3')].map((title) => title.textContent)")
    wanted = ["Reward", "Rewards, each", "Held-out score", "Groups without spread", "Length", "Cut off at the limit", "Reflection and language", "Entropy", "KL to the reference",
              "Clipped tokens", "Gradient norm", "Learning rate", "Tokens per second", "Time of a step", "Expert load"]
    expect(all(title in titles for title in wanted), f"charts are missing: {set(wanted) - set(titles)}")
    browser.evaluate("scrollTo(0, 0)")
    browser.settle()
    x, y = browser.evaluate("(() => { const box = document.querySelector('.plot').getBoundingClientRect(); return [box.x + box.width / 2, box.y + 80]; })()")
    browser.call("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": x, "y": y})
    browser.settle()
    flags = browser.evaluate("[...document.querySelectorAll('.flagtext')].map((flag) => +flag.textContent)")
    expect(len(flags) >= 4 and all(40 < flag < 80 for flag in flags), f"the crosshair is not shared: {flags}")
    browser.call("Input.dispatchMouseEvent", {"type": "mousePressed", "x": x, "y": y, "button": "left", "clickCount": 1})
    browser.call("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": x + 60, "y": y, "button": "left"})
    browser.call("Input.dispatchMouseEvent", {"type": "mouseReleased", "x": x + 60, "y": y, "button": "left", "clickCount": 1})
    browser.settle()
    expect(browser.evaluate("R.view.range !== null && !R.byId('reset-zoom').hidden"), "dragging does not zoom")
    browser.evaluate("R.byId('reset-zoom').click(); R.setCross(null)")
    before = browser.evaluate("document.querySelector('.plot .trace').getAttribute('d')")
    browser.evaluate("(() => { const s = R.byId('smoothing'); s.value = 60; s.dispatchEvent(new Event('input')); })()")
    browser.settle()
    expect(browser.evaluate("document.querySelectorAll('.trace.raw').length") > 0 and
           browser.evaluate("document.querySelector('.plot .trace:not(.raw)').getAttribute('d')") != before, "smoothing changes nothing")
    browser.evaluate("(() => { const s = R.byId('smoothing'); s.value = 0; s.dispatchEvent(new Event('input')); })()")
    browser.evaluate("document.querySelector('.plot').focus(); document.querySelector('.plot').dispatchEvent(new KeyboardEvent('keydown', {key: 'Home'}))")
    browser.settle()
    expect("step 1:" in browser.evaluate("R.byId('readout').textContent"), "the keyboard's crosshair is not read out")
    browser.evaluate("document.activeElement.blur(); document.querySelector('.key').click()")
    browser.settle()
    expect(browser.evaluate("document.querySelector('.plot').textContent").endswith("nothing to show"), "a hidden line still shows")
    browser.evaluate("document.querySelector('.key').click()")
    for index, axis in ((1, "num_tokens"), (2, "elapsed_s"), (0, "step")):
        browser.evaluate(f"document.querySelectorAll('.segments')[0].children[{index}].click()")
        browser.settle()
        expect(browser.evaluate("R.view.axis") == axis and browser.evaluate("document.querySelectorAll('.plot .trace').length") > 5, f"nothing is drawn over {axis}")
    browser.evaluate("document.querySelectorAll('[role=tab]')[0].click()")
    browser.settle()
    expect(browser.evaluate("document.querySelector('[aria-selected=true]').textContent").startswith("pretrain"), "the tab does not change the stage")
    expect("2\u202f000" in browser.evaluate("document.querySelector('[aria-selected=true]').textContent"), "the stage's steps are not told")
    browser.evaluate("document.querySelectorAll('[role=tab]')[1].click()")
    browser.settle()


def check_page(browser, url, shots, name):
    for width in (1280, 360):
        for theme in ("light", "dark"):
            where = f"{name} at {width} px, {theme}"
            browser.requests.clear()
            browser.open(url, width, 900, theme)
            dark = browser.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 17, 21)"
            expect(dark == (theme == "dark"), f"{where}: the colours are of the other theme")
            expect(browser.evaluate("document.documentElement.scrollWidth") <= width, f"{where}: the page scrolls sideways")
            browser.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
            browser.screenshot(shots / f"{name}_{width}_{theme}.png")
            expect(browser.evaluate("document.querySelectorAll('.plot .trace').length") > 20, f"{where}: lines are missing")
            expect(browser.evaluate("document.documentElement.scrollWidth") <= width, f"{where}: opened, the page scrolls sideways")
            faint = browser.evaluate(CONTRAST)
            expect(not faint, f"{where}: contrast below 4.5: {faint}")
            check_clean(browser, where, url)


def get(port, path, host=None, method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path, headers={"Host": host or f"127.0.0.1:{port}"})
    response = connection.getresponse()
    return response.status, response.read().decode()


def check_live(browser, binary, folder, shots):
    server = subprocess.Popen([binary, "report", "--serve", str(folder), "--port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        url = server.stdout.readline().strip()
        port = int(url.rsplit(":", 1)[1].strip("/"))
        browser.requests.clear()
        browser.open(url, 1280, 900, "light")
        browser.evaluate("R.byId('samples').scrollIntoView()")
        rng = random.Random(9)
        (folder / "completions/step_120.jsonl").write_text(json.dumps({"prompt": "new", "completion": "</script>fresh", "reward": 1.0}) + "\n")
        with open(folder / "metrics.jsonl", "r+") as metrics:
            whole = metrics.read().rindex("\n") + 1
            metrics.truncate(whole)  # what a resumed run does with a torn line
            metrics.seek(whole)
            text = "".join(json.dumps(grpo_row(step, rng) | {"brand/new": 1}) + "\n" for step in range(STEPS + 1, STEPS + 31))
            for start in range(0, len(text), 997):
                metrics.write(text[start:start + 997])
                metrics.flush()
        deadline = time.monotonic() + 30
        while browser.evaluate("[...R.runs[0].stages.values()].at(-1).lastStep") != STEPS + 30:
            expect(time.monotonic() < deadline, "the live page does not take new steps in")
            time.sleep(0.3)
        browser.settle()
        expect(browser.evaluate("R.column(R.runs[0], 'grpo', 'reward').x.length") == STEPS + 30, "the live page has steps twice, or not all")
        expect(browser.evaluate("R.columnNames('grpo').includes('brand/new')"), "a new metric has no chart")
        expect("fresh" in browser.evaluate("R.byId('samples').textContent"), "new samples are not shown")
        expect(browser.evaluate("R.byId('tabs').textContent").endswith(f"grpo {STEPS + 30}"), "the tab does not follow the steps")
        expect(browser.evaluate("R.byId('live').textContent") == "live", "the page does not say that it is live")
        expect(not browser.problems, f"live: {browser.problems}")
        expect(all(request.startswith(url) for request in browser.requests), f"live: asked for {browser.requests}")
        browser.evaluate("scrollTo(0, 0)")
        browser.screenshot(shots / "live_1280_light.png", whole=False)
        status, text = get(port, "/metrics")
        expect(status == 200 and re.search(r'^lockstep_reward\{run="[^"]*",stage="grpo"\} 2\.5$', text, re.M), f"/metrics: {status} {text[:500]}")
        expect(get(port, "/", host="evil.example")[0] == 403, "a foreign host is served")
        expect(get(port, "/", method="POST")[0] == 405, "a POST is served")
        expect(get(port, "/config.json")[0] == 404, "files of the run are served")
    finally:
        server.send_signal(signal.SIGINT)
        code = server.wait(10)
    expect(code == 0, f"after SIGINT the server ends with {code}")


def main(binary, shots):
    program = find_chromium()
    if program is None:
        print("report_browser: NOT RUN: there is no Chromium on this machine (install the package chromium, or name one in LOCKSTEP_CHROMIUM)")
        return NOT_RUN
    shots.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        first, second = make_run(scratch / "first", 1), make_run(scratch / "second", 2)
        subprocess.run([binary, "report", str(first)], check=True, stdout=subprocess.DEVNULL, timeout=60)
        subprocess.run([binary, "report", str(first), str(second), "--output", str(scratch / "both.html")], check=True, stdout=subprocess.DEVNULL, timeout=60)
        with Chromium(program) as browser:
            url = (first / "report.html").as_uri()
            check_page(browser, url, shots, "run")
            browser.open(url, 1280, 900, "light")
            check_charts(browser)
            check_samples(browser)
            check_sorting(browser)
            check_clean(browser, "after every control", url)
            check_page(browser, (scratch / "both.html").as_uri(), shots, "comparison")
            expect("grpo.loss.beta" in browser.evaluate("R.byId('overview').textContent"), "the config's difference is not shown")
            check_live(browser, binary, first, shots)
    print(f"report_browser: the pages of a run, of two runs and of a live run are as they should be; screenshots: {shots}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp(prefix="report_"))))
