/* row_norm.h: standardize where every row of a matrix is a group, for normalization.c.
 *
 * Included inside a family file, once per instruction set.
 */
/* Of x as [rows][cols], whose rows are the groups. */
int FNN_NAME(standardize_rows)(fnn_step *s, int64_t rows, int64_t cols);
int FNN_NAME(standardize_rows_backward)(fnn_step *s, int64_t rows, int64_t cols);
