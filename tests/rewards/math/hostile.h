// SPDX-License-Identifier: Apache-2.0
// Texts made to burn time or memory, for the tests and for the bench.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace lockstep::rewards::math {

inline std::string repeated(std::string_view text, size_t times) {
  std::string result;
  for (size_t i = 0; i < times; ++i) result += text;
  return result;
}

inline std::string nested(std::string_view open, std::string_view core, std::string_view close, size_t times) {
  return cat(repeated(open, times), core, repeated(close, times));
}

// Small texts whose exact or certified value costs much: each has once taken from 20 ms to 0.3 s.
inline std::vector<std::string> costly_answers() {
  const std::string powers = repeated("3.2 \\times 10^{1000},", 180), tiny = repeated("1.23456789e-1000,", 220);
  const std::string tall = nested("\\{", cat(repeated("x+", 1500), "1"), ",1\\}", 50);
  return {cat("3.2 \\times 10", repeated("^50", 60)),
          cat("7", repeated("^{2^{", 30), "3", repeated("}}", 30)),
          cat(powers, "1"),
          cat(tiny, "1"),
          repeated("1e1000,", 500) + "1",
          repeated("1e4000,", 500) + "1",
          repeated("\\frac{2^{2000}}{3^{1200}}+", 140) + "1",
          repeated("\\frac{1}{7^{1400}}-\\frac{1}{5^{1700}}+", 90) + "1",
          repeated("\\sqrt{123456789012345678901234567891}+", 100) + "1",
          repeated("\\sqrt[3]{\\frac{2}{3}}+", 200) + "1",
          repeated("i^i+", 900) + "1",
          repeated("(1+i)^{x}+", 380) + "1",
          repeated("0.3x+", 800) + "\\sqrt{2}x",
          cat("\\sum_{i=1}^{100}\\sum_{j=1}^{100} i/j", std::string(3900, 'k')),
          cat("\\sum_{k=1}^{9999} k_{", std::string(3900, 'x'), "}"),
          cat("\\sum_{k=1}^{9999} ", std::string(3900, '1'), "_{3}"),
          "\\sum_{k=1}^{9999} \\frac{1}{k}",
          "\\sum_{k=1}^{9999} \\binom{k}{64} x",
          "\\sum_{k=1}^{9999} \\binom{\\sqrt{k}}{64} x",
          "\\prod_{k=1}^{9999} (x+\\frac{1}{k})",
          "\\binom{5000}{2500}+\\binom{4999}{2499}x",
          repeated("\\gcd(2^{4000},3^{2500})+", 150) + "1",
          repeated("\\max(2^{4000}/3,3^{2500}/5)+", 130) + "1",
          cat(std::string(1300, '7'), "/", std::string(1300, '3'), "+", std::string(1300, '9')),
          repeated("dx x ", 800),
          cat("\\begin{pmatrix}", repeated("1&", 500), "1\\end{pmatrix}", repeated("^T", 1500)),
          tall};
}

inline std::vector<std::string> hostile_answers() {
  std::vector<std::string> all = {"9^{9^{9}}",
                                  "9^{9^{9^{9}}}",
                                  "7^{10000000}",
                                  "1000000000!",
                                  "100000!",
                                  "((100!)!)!",
                                  "\\binom{10000000}{5000000}",
                                  "\\sum_{k=1}^{10^9} k",
                                  "\\sum_{i=1}^{100}\\sum_{j=1}^{100}\\sum_{k=1}^{100} ijk",
                                  "\\prod_{k=1}^{10000} k^k",
                                  "x^{2^{100}}",
                                  "(x+y+z)^{1000000}",
                                  "\\sqrt[1000000]{2}",
                                  "2^{1/1000003}",
                                  "e^{e^{e^{e^{e}}}}",
                                  "\\sin(10^{10^{10}})",
                                  "10^{-99999}",
                                  "1e99999",
                                  "1e-99999",
                                  cat("0.", std::string(4000, '3')),
                                  std::string(4090, '7'),
                                  cat("\\frac{1}{", std::string(4000, '9'), "}"),
                                  nested("\\frac{1}{1+", "x", "}", 60),
                                  nested("\\frac{", "1", "}{2}", 400),
                                  nested("(", "1", ")", 2000),
                                  nested("\\sqrt{", "2", "}", 500),
                                  nested("2^{", "2", "}", 700),
                                  nested("{", "1", "}", 2000),
                                  nested("|", "x", "|", 1000),
                                  nested("\\sin(", "1", ")", 60),
                                  nested("\\{", "1", "\\}", 1000),
                                  nested("\\text{", "1", "}", 500),
                                  repeated("-", 4000) + "1",
                                  repeated("\\pm", 1000) + "1",
                                  repeated("1+", 2000) + "1",
                                  repeated("x*", 2000) + "x",
                                  repeated("1/", 2000) + "1",
                                  repeated("x^", 1300) + "x",
                                  repeated("1 2 3 4 ", 500),
                                  cat("5", std::string(4000, ' '), "6"),
                                  repeated("1,", 2000) + "1",
                                  repeated("\\sqrt{2}+", 400) + "1",
                                  repeated("\\sin x+", 500) + "1",
                                  repeated("x=", 1300) + "x",
                                  repeated("1<", 1300) + "2",
                                  repeated("(0,1)\\cup", 400) + "(0,1)",
                                  repeated("a:", 1300) + "a",
                                  repeated("\\mathbb{R}\\setminus\\{1\\}\\cup", 140) + "\\emptyset",
                                  cat("\\begin{pmatrix}", repeated("1&", 1000), "1\\end{pmatrix}"),
                                  repeated("\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}", 60),
                                  cat("\\begin{pmatrix}", repeated("1\\\\", 1000), "1\\end{pmatrix}"),
                                  repeated("\\frac", 800),
                                  repeated("{", 4000),
                                  repeated("}", 4000),
                                  repeated("\\", 4000),
                                  repeated("^", 4000),
                                  repeated("_", 4000),
                                  repeated("$", 4000),
                                  repeated("!", 4000),
                                  cat("3", repeated("!", 4000)),
                                  cat("x", repeated("'", 4000)),
                                  cat("x", repeated("_1", 2000)),
                                  repeated("\xE2\x88\x9A", 1300) + "2",
                                  repeated("\xC2\xB2", 2000),
                                  repeated("\xEF\xBC\x91", 1300),
                                  std::string(4000, '\0'),
                                  repeated("\xFF\xFE", 2000),
                                  repeated("\\log_2", 600) + "8",
                                  repeated("f(", 1300) + cat("x", repeated(")", 1300)),
                                  cat("\\overline{", std::string(4000, '3'), "}"),
                                  cat("0.\\overline{", std::string(3900, '3'), "}"),
                                  repeated("\\left(", 600),
                                  repeated("word ", 800),
                                  repeated("5 \\text{ cm}, ", 270),
                                  cat("\\gcd(", repeated("123456789012345678901234567890,", 130), "7)"),
                                  repeated("(x+1)(x-1)/", 350) + "x",
                                  repeated("\\lfloor", 501),
                                  nested("\\int_0^", "1", " x dx", 60),
                                  repeated("\\forall x", 400),
                                  repeated("x \\in ", 600) + "x"};
  for (std::string& text : costly_answers()) all.push_back(std::move(text));
  return all;
}

// What makes other verifiers hang, at full length, as whole completions; most are longer than an answer may be.
inline std::vector<std::string> hostile_completions() {
  std::vector<std::string> answers = {"9^{9^{9}}",
                                      "7^{10000000}",
                                      "1000000000!",
                                      "\\binom{10000000}{5000000}",
                                      "\\sum_{k=1}^{10^9} k",
                                      nested("\\frac{", "1", "}{2}", 2000),
                                      nested("\\frac{1}{", "2", "}", 200),
                                      nested("(", "1", ")", 2000),
                                      cat("5", std::string(30'000, ' ')),
                                      repeated("1 2 3 4 ", 12'500),
                                      std::string(100'000, '7'),
                                      cat("1", repeated("+1", 5000)),
                                      repeated("\\boxed{", 20'000)};
  std::vector<std::string> all;
  for (const std::string& answer : answers) {
    all.push_back(cat("\\boxed{", answer, "}"));
    all.push_back(cat("The final answer is ", answer, "."));
    all.push_back(cat("<answer>", answer, "</answer>"));
  }
  all.push_back(repeated("\\boxed{", 20'000));
  all.push_back(repeated("so the value of this is not yet known; ", 1000));
  all.push_back(cat(repeated("$ a ", 10'000), "\\boxed{1}"));
  return all;
}

// What a hostile answer is judged against.
inline std::vector<std::string> partners(const std::string& text) {
  return {"42", "\\sqrt{2}x+1", cat(text, " "), cat("1+", text), "(1,2)\\cup(3,4)", "1,2,3"};
}

}  // namespace lockstep::rewards::math
