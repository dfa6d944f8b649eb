"""The TensorFlow 1 role: graphs that are built first and run by a session, over the same operations and step lists.

A run is a trace of the calls that the fetches need, with what is fed as its inputs; it becomes a plan, which is
remembered for these fetches and shapes, and runs in C.
"""

from __future__ import annotations

from typing import Any

from fastnn.compat.v1.arithmetic import (
    abs,
    add,
    argmax,
    cast,
    clip_by_value,
    concat,
    div,
    divide,
    equal,
    exp,
    expand_dims,
    greater,
    less,
    log,
    matmul,
    maximum,
    minimum,
    mul,
    multiply,
    neg,
    negative,
    not_equal,
    power,
    reduce_max,
    reduce_mean,
    reduce_min,
    reduce_sum,
    reshape,
    sigmoid,
    sign,
    sqrt,
    square,
    squeeze,
    sub,
    subtract,
    tanh,
    transpose,
    truediv,
)
from fastnn.compat.v1.filling import ones, random_normal, random_uniform, truncated_normal, zeros
from fastnn.compat.v1.graphs import (
    Graph,
    GraphTensor,
    Operation,
    Variable,
    assign,
    assign_add,
    constant,
    get_default_graph,
    get_variable,
    global_variables,
    global_variables_initializer,
    initialize_all_variables,
    name_scope,
    placeholder,
    reset_default_graph,
    set_random_seed,
    trainable_variables,
    variable_scope,
    variables_initializer,
)
from fastnn.compat.v1.networks import nn
from fastnn.compat.v1.sessions import InteractiveSession, Session
from fastnn.compat.v1.training import gradients, train
from fastnn.utils.naming import did_you_mean

float32, float64, int32, int64, uint8, string = "float32", "float64", "int32", "int64", "uint8", "str"
bool_ = "bool"

__all__ = [
    "Graph",
    "GraphTensor",
    "InteractiveSession",
    "Operation",
    "Session",
    "Variable",
    "abs",
    "add",
    "argmax",
    "assign",
    "assign_add",
    "cast",
    "clip_by_value",
    "concat",
    "constant",
    "disable_eager_execution",
    "disable_v2_behavior",
    "div",
    "divide",
    "equal",
    "exp",
    "expand_dims",
    "float32",
    "float64",
    "get_default_graph",
    "get_variable",
    "global_variables",
    "global_variables_initializer",
    "gradients",
    "greater",
    "initialize_all_variables",
    "int32",
    "int64",
    "less",
    "log",
    "matmul",
    "maximum",
    "minimum",
    "mul",
    "multiply",
    "name_scope",
    "neg",
    "negative",
    "nn",
    "not_equal",
    "ones",
    "placeholder",
    "power",
    "random_normal",
    "random_uniform",
    "reduce_max",
    "reduce_mean",
    "reduce_min",
    "reduce_sum",
    "reset_default_graph",
    "reshape",
    "set_random_seed",
    "sigmoid",
    "sign",
    "sqrt",
    "square",
    "squeeze",
    "string",
    "sub",
    "subtract",
    "tanh",
    "train",
    "trainable_variables",
    "transpose",
    "truediv",
    "truncated_normal",
    "uint8",
    "variable_scope",
    "variables_initializer",
    "zeros",
]


def disable_v2_behavior() -> None:
    """Nothing to do: this module is TensorFlow 1's."""


disable_eager_execution = disable_v2_behavior
LEFT_OUT = {"summary": "logs for TensorBoard", "contrib": "contributed code", "data": "use fastnn.data", "py_func": ""}


def __getattr__(name: str) -> Any:
    if name == "bool":
        return bool_
    if name == "pow":
        return power
    if name in LEFT_OUT:
        raise AttributeError(f"compat.v1.{name} is not available: {LEFT_OUT[name] or 'it runs Python in a graph'}")
    known = [n for n in globals() if not n.startswith("_")]
    raise AttributeError(f"module 'fastnn.compat.v1' has no attribute {name!r}; {did_you_mean(name, known)}")
