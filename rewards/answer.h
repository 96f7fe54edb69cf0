// SPDX-License-Identifier: Apache-2.0
// When two final answers are the same: numbers exactly, choice letters, otherwise text up to typography.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lockstep::rewards {

inline constexpr size_t kMaxAnswerBytes = 4096;

// Removes what carries no meaning: white space, $...$ and \(...\), \text{...} and the like around the whole, \left and
// \right, latex spaces, a trailing full stop, a leading currency sign. \dfrac becomes \frac, the Unicode minus "-".
// At most kMaxAnswerBytes go in; longer text comes back unchanged (it then equals nothing but itself).
std::string normalize_answer(std::string_view text);

// The letter of a multiple-choice answer, upper-case: "B", "(b)", "B.", "(B) Paris", "Option B". Only A to J. Nothing when
// the text names several choices or none.
std::optional<char> choice_letter(std::string_view normalized);

// Symmetric up to choices: a gold choice letter is matched by letter only. Two numbers are compared exactly (see
// number.h); other texts after normalisation, words without regard to case.
bool answers_equal(std::string_view prediction, std::string_view gold);

}  // namespace lockstep::rewards
