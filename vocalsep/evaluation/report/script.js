"use strict";
// Each passage has one clock: all its clips start together and only their gains change, so that
// switching neither jumps nor loses the place.
(() => {
  const FADE_S = 0.02;
  let context = null;
  let current = null; // the passage that sounds

  class Player {
    constructor(root) {
      this.root = root;
      this.clips = JSON.parse(root.querySelector("script").textContent);
      this.stem = root.dataset.stem;
      this.label = "mixture";
      this.sources = [];
      this.gains = {};
      this.buffers = null;
      this.offset = 0;
      this.play = root.querySelector(".play"); // a page without sound has none
      this.play?.addEventListener("click", () => this.toggle());
      for (const button of root.querySelectorAll("[data-label]"))
        button.addEventListener("click", () => this.select(this.stem, button.dataset.label));
      for (const button of root.querySelectorAll("[data-of]"))
        button.addEventListener("click", () => this.select(button.dataset.of, this.label));
      for (const figure of root.querySelectorAll("figure")) {
        figure.addEventListener("click", (event) => {
          this.select(figure.dataset.stem, figure.dataset.clip);
          if (this.play) this.seek((event.offsetX / figure.clientWidth) * this.length());
        });
      }
      this.show();
    }

    length() { return this.buffers ? Object.values(this.buffers)[0].duration : 10; }

    async load() {
      if (this.buffers) return;
      context = context || new AudioContext();
      const entries = Object.entries(this.clips).map(async ([key, text]) => {
        const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
        return [key, await context.decodeAudioData(bytes.buffer)];
      });
      this.buffers = Object.fromEntries(await Promise.all(entries));
    }

    key() { return this.label === "mixture" ? "mixture" : `${this.stem}/${this.label}`; }

    position() {
      if (!this.sources.length) return this.offset;
      return (this.offset + context.currentTime - this.started) % this.length();
    }

    async toggle() {
      if (this.sources.length) return this.stop();
      await this.load();
      if (current && current !== this) current.stop();
      current = this;
      await context.resume();
      this.start(this.offset);
    }

    start(offset) {
      const when = context.currentTime + 0.03;
      for (const [key, buffer] of Object.entries(this.buffers)) {
        const source = new AudioBufferSourceNode(context, { buffer, loop: true });
        const gain = new GainNode(context, { gain: key === this.key() ? 1 : 0 });
        source.connect(gain).connect(context.destination);
        source.start(when, offset);
        this.sources.push(source);
        this.gains[key] = gain.gain;
      }
      this.started = when;
      this.offset = offset;
      this.play.textContent = "Pause";
      this.tick();
    }

    stop() {
      this.offset = this.position();
      for (const source of this.sources) source.stop();
      this.sources = [];
      this.gains = {};
      this.play.textContent = "Play";
    }

    seek(place) {
      const sounding = this.sources.length > 0;
      if (sounding) this.stop();
      this.offset = place;
      if (sounding) this.start(place);
      this.draw();
    }

    select(stem, label) {
      this.stem = stem;
      this.label = label;
      for (const [key, gain] of Object.entries(this.gains))
        gain.setTargetAtTime(key === this.key() ? 1 : 0, context.currentTime, FADE_S / 3);
      this.show();
    }

    show() {
      for (const button of this.root.querySelectorAll("[data-label]"))
        button.setAttribute("aria-pressed", String(button.dataset.label === this.label));
      for (const button of this.root.querySelectorAll("[data-of]"))
        button.setAttribute("aria-pressed", String(button.dataset.of === this.stem));
      for (const figure of this.root.querySelectorAll("figure")) {
        figure.hidden = figure.dataset.clip !== "mixture" && figure.dataset.stem !== this.stem;
        if (figure.dataset.clip === "mixture") figure.dataset.stem = this.stem;
        figure.classList.toggle("on", figure.dataset.clip === this.label);
      }
      this.root.dataset.playing = this.key();
      this.draw();
    }

    draw() {
      const share = this.position() / this.length();
      for (const head of this.root.querySelectorAll(".head")) head.style.left = `${100 * share}%`;
    }

    tick() {
      if (!this.sources.length) return;
      this.draw();
      requestAnimationFrame(() => this.tick());
    }
  }

  for (const root of document.querySelectorAll(".passage")) new Player(root);
  document.documentElement.dataset.ready = "true";
})();
