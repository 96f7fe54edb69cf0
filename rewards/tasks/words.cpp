// SPDX-License-Identifier: Apache-2.0
// The word lists.
#include "rewards/tasks/words.h"

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rewards {

const std::vector<std::string_view>& simple_words() {
  static const std::vector<std::string_view> words = {
      "the",  "and",   "with",  "for",   "from", "up",    "down",  "in",   "out",  "near",  "big",   "small",
      "hot",  "cold",  "good",  "bad",   "red",  "blue",  "green", "old",  "new",  "fast",  "slow",  "high",
      "low",  "cat",   "dog",   "bird",  "fish", "cow",   "tree",  "leaf", "rain", "snow",  "sun",   "moon",
      "star", "wind",  "river", "lake",  "sea",  "hill",  "road",  "car",  "boat", "train", "house", "home",
      "door", "room",  "bed",   "table", "cup",  "bread", "milk",  "salt", "find", "see",   "take",  "give",
      "make", "run",   "walk",  "jump",  "sing", "song",  "read",  "book", "word", "hand",  "foot",  "head",
      "day",  "night", "year",  "time",  "left", "right", "warm",  "soft"};
  return words;
}

const std::vector<std::string_view>& dictionary_words() {
  static const std::vector<std::string_view> words = {
      "ant",         "apple",       "arrow",      "autumn",     "avocado",      "bakery",    "balloon",
      "banana",      "basketball",  "bassoon",    "bedroom",    "beekeeper",    "berry",     "bicycle",
      "blackberry",  "blanket",     "blossom",    "blueberry",  "bookkeeper",   "bottle",    "breakfast",
      "bridge",      "bubble",      "bucket",     "buffalo",    "butterfly",    "button",    "cabbage",
      "calendar",    "camera",      "candle",     "cannon",     "carpenter",    "carrot",    "castle",
      "cauliflower", "cellar",      "cherry",     "chess",      "chicken",      "chocolate", "cinnamon",
      "circle",      "coffee",      "collection", "committee",  "compass",      "cookie",    "copper",
      "cotton",      "cranberry",   "crossroad",  "cucumber",   "cupboard",     "curtain",   "daffodil",
      "dessert",     "diamond",     "dinner",     "dolphin",    "dragonfly",    "drummer",   "eagle",
      "earthworm",   "eclipse",     "egg",        "elephant",   "eleven",       "engine",    "envelope",
      "errand",      "evergreen",   "excellent",  "eye",        "factory",      "feather",   "ferry",
      "fiddle",      "firefly",     "flamingo",   "flower",     "foggy",        "football",  "forest",
      "fountain",    "freezer",     "funnel",     "galaxy",     "gallery",      "garage",    "garden",
      "giraffe",     "glacier",     "glasses",    "goggles",    "gooseberry",   "grammar",   "grapefruit",
      "grasshopper", "guitar",      "hammer",     "hammock",    "handkerchief", "happiness", "harbor",
      "harvest",     "hedgehog",    "hello",      "helicopter", "hippo",        "hollow",    "honeycomb",
      "horizon",     "horse",       "hurricane",  "icicle",     "igloo",        "infinity",  "insect",
      "island",      "ivory",       "jacket",     "jelly",      "jewellery",    "jigsaw",    "jungle",
      "kangaroo",    "kettle",      "keyboard",   "kitchen",    "kitten",       "knitting",  "ladder",
      "lantern",     "lavender",    "lemonade",   "leopard",    "letter",       "lettuce",   "library",
      "lighthouse",  "lizard",      "llama",      "lobster",    "luggage",      "lullaby",   "machine",
      "magnolia",    "mammal",      "mango",      "maple",      "marble",       "market",    "mattress",
      "meadow",      "melon",       "memory",     "mirror",     "mississippi",  "mitten",    "monkey",
      "mosquito",    "mountain",    "mushroom",   "muffin",     "mulberry",     "narrow",    "needle",
      "nettle",      "noodle",      "notebook",   "nutmeg",     "oatmeal",      "occasion",  "ocean",
      "octopus",     "office",      "onion",      "opposite",   "orange",       "orchard",   "orchestra",
      "otter",       "oyster",      "paddle",     "paint",      "pancake",      "panther",   "papaya",
      "paprika",     "parallel",    "parrot",     "passenger",  "peanut",       "pebble",    "penguin",
      "pepper",      "piano",       "pillow",     "pineapple",  "pizza",        "planet",    "platypus",
      "pocket",      "pomegranate", "popcorn",    "potato",     "pottery",      "pudding",   "pumpkin",
      "puppet",      "puzzle",      "pyramid",    "quarrel",    "queen",        "question",  "quilt",
      "rabbit",      "raccoon",     "radish",     "railroad",   "rainbow",      "raspberry", "ribbon",
      "riddle",      "river",       "robin",      "rocket",     "rooster",      "rubber",    "ruby",
      "saddle",      "saffron",     "salad",      "salmon",     "sandwich",     "sapphire",  "saxophone",
      "scarecrow",   "school",      "scissors",   "seashell",   "seesaw",       "shadow",    "shallow",
      "shepherd",    "shoulder",    "silver",     "skeleton",   "sky",          "slipper",   "snowball",
      "soccer",      "sparrow",     "spinach",    "spoon",      "squirrel",     "staircase", "starfish",
      "statue",      "strawberry",  "stream",     "success",    "suffix",       "suitcase",  "summer",
      "sunflower",   "swallow",     "sweater",    "swimming",   "tambourine",   "tattoo",    "teapot",
      "telescope",   "tennis",      "terrace",    "thunder",    "tiger",        "tobacco",   "toffee",
      "tomato",      "tomorrow",    "tortoise",   "traffic",    "treasure",     "tree",      "triangle",
      "trumpet",     "tunnel",      "turnip",     "turtle",     "twitter",      "umbrella",  "unicorn",
      "vacuum",      "valley",      "vanilla",    "velvet",     "village",      "violin",    "volcano",
      "volleyball",  "waffle",      "walnut",     "walrus",     "warrior",      "waterfall", "weasel",
      "wheelbarrow", "whisper",     "willow",     "window",     "winter",       "wizard",    "woodpecker",
      "yellow",      "yogurt",      "zebra",      "zeppelin",   "zigzag",       "zucchini"};
  return words;
}

const char* tongue_code(Tongue tongue) { return tongue == Tongue::english ? "en" : "zh"; }

Tongue tongue_from_code(std::string_view code) {
  if (code == "en") return Tongue::english;
  if (code == "zh") return Tongue::chinese;
  throw Error(cat("no words in the language \"", base::printable(code), "\""), "tasks: language", "use \"en\" or \"zh\"");
}

Tongue other_tongue(Tongue tongue) { return tongue == Tongue::english ? Tongue::chinese : Tongue::english; }

const ChainWords& chain_words(Tongue tongue) {
  static constexpr ChainWords kEnglish = {"maybe", "wait", "first", "then", "so", "User", "Assistant"};
  static constexpr ChainWords kChinese = {"可能", "等等", "先", "再", "所以", "用户", "助手"};
  return tongue == Tongue::english ? kEnglish : kChinese;
}

const std::vector<std::string_view>& chinese_words() {
  static const std::vector<std::string_view> words = {"山", "水", "天", "人", "大", "小", "日", "月"};
  return words;
}

std::string dialogue_prompt(std::string_view question, Tongue tongue) {
  const ChainWords& words = chain_words(tongue);
  return cat(words.user, ": ", question, "\n", words.assistant, ":");
}

}  // namespace lockstep::rewards
