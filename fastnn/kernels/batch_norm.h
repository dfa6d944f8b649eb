/* batch_norm.h: standardize where every column of a matrix is a group, for normalization.c.
 *
 * Included inside a family file, once per instruction set.
 */
/* Of x as [rows][cols], whose columns are the groups. */
int FNN_NAME(standardize_columns)(fnn_step *s, int64_t rows, int64_t cols);
int FNN_NAME(standardize_columns_backward)(fnn_step *s, int64_t rows, int64_t cols);
int64_t FNN_NAME(standardize_columns_bytes)(int64_t rows, int64_t cols);
