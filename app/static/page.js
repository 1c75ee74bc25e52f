"use strict";
const wall = document.getElementById("wall");
const choice = document.getElementById("model");
let first = 0;

// The URL names the digest, so that a browser keeps the image for good.
function hang(model, seed) {
  const link = document.createElement("a");
  const image = document.createElement("img");
  link.href = image.src = `images/${seed}.png?digest=${model.digest}`;
  link.title = image.alt = `${model.name}, seed ${seed}`;
  image.loading = "lazy";
  link.append(image);
  wall.append(link);
}

fetch("models").then((answer) => answer.json()).then(({ models, default: name }) => {
  const more = () => {
    const model = models.find((one) => one.name === choice.value);
    for (const end = first + 60; first < end; first++) hang(model, first);
  };
  for (const model of models) choice.add(new Option(model.name, model.name, false, model.name === name));
  choice.hidden = models.length < 2;
  choice.addEventListener("change", () => { wall.replaceChildren(); first = 0; more(); });
  document.getElementById("more").addEventListener("click", more);
  more();
});
