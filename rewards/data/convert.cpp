// SPDX-License-Identifier: Apache-2.0
// Read, write.
#include "rewards/data/convert.h"

#include "base/error.h"
#include "base/text.h"
#include "rewards/rows/row_file.h"

namespace lockstep::rewards::data {

ConvertReport convert(const std::vector<std::string>& inputs, const std::string& output, rows::Shape shape) {
  ConvertReport report;
  rows::RowWriter writer(output);
  for (const std::string& path : inputs) {
    rows::for_each_row(path, [&](rows::FileRow& row) {
      const rows::Example example = rows::read_example(std::move(row.json), row.where);
      ++report.shapes[rows::shape_name(example.shape)];
      writer.write(rows::write_example(example, shape, row.where));
    });
  }
  report.num_rows = writer.num_rows();
  if (report.num_rows == 0) throw Error("there are no rows", base::join(inputs, ", "), "give files with rows");
  writer.finish();
  return report;
}

}  // namespace lockstep::rewards::data
