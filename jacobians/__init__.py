"""Explicit Jacobians of neural networks: every layer's full Jacobian with named axes and known structure."""

from jacobians import settings
from jacobians.constructors import delta_einsum
from jacobians.descent import Record, descend
from jacobians.empirical import empirical_fisher, empirical_ntk
from jacobians.errors import (
    ConvergenceError,
    DenseLimitError,
    DivergenceError,
    EntryError,
    FormError,
    InputError,
    JacobiansError,
    MathSyntaxError,
    ModelError,
    ShapeError,
)
from jacobians.forms.toeplitz import toeplitz
from jacobians.jacobian import Jacobian
from jacobians.model import Model
from jacobians.networks import cnn, mlp, transformer_block
from jacobians.node import Node, node
from jacobians.op import Op, term
from jacobians.ops import OPS
from jacobians.ops.activations import HardTanh, LogSigmoid, Sigmoid, Softplus, Softsign, Tanh
from jacobians.ops.adaptive import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveAvgPool3d,
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AdaptiveMaxPool3d,
    GlobalAvgPool,
    GlobalMaxPool,
)
from jacobians.ops.attention import Attention, AttentionWeights
from jacobians.ops.channel_norms import BatchNorm, BatchNormInference, GroupNorm, InstanceNorm
from jacobians.ops.classification import BinaryFocalLoss, FocalLoss, LabelSmoothing
from jacobians.ops.convolution import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from jacobians.ops.cosine import CosineEmbeddingLoss, CosineSimilarity, InfoNCE
from jacobians.ops.einsum import Einsum
from jacobians.ops.elementary import Arcsinh, Arctan, Cos, Erf, Exp, Log, Power, Reciprocal, Sin, Sqrt, Square, Tan
from jacobians.ops.elementwise import Abs, Clip, Identity, Multiple, Shift, Undefined
from jacobians.ops.embedding import Embedding, OneHot
from jacobians.ops.gates import GLU, Dropout, Highway, SwiGLU
from jacobians.ops.gaussian import GaussianKL, GaussianNLL, StandardNormalKL
from jacobians.ops.heads import CrossAttention, MergeHeads, MultiHeadAttention, SelfAttention, SplitHeads
from jacobians.ops.join import Concat, Pad, Stack
from jacobians.ops.layout import Flatten, Reshape, Vec
from jacobians.ops.likelihood import KL, BinaryCrossEntropy, NegativeLogLikelihood
from jacobians.ops.linear import Linear, LinearMap, LinearRows
from jacobians.ops.linear_attention import LinearAttention
from jacobians.ops.logits import BinaryCrossEntropyLogits, CrossEntropy, CrossEntropyIndex
from jacobians.ops.losses import AbsoluteError, Hinge, Huber, SquaredError
from jacobians.ops.matrix import Determinant, Diag, Inverse, LogDet, Solve, Trace, Transpose
from jacobians.ops.metric import ContrastiveLoss, TripletLoss
from jacobians.ops.normalization import LayerNorm, RMSNorm, WeightNorm
from jacobians.ops.norms import L1Norm, Norm, Normalize, SquaredNorm
from jacobians.ops.parametric import Maxout, PReLU, Swish, TemperatureSoftmax
from jacobians.ops.pick import Gather, Index, Slice
from jacobians.ops.pointwise import Add, Divide, Hadamard, Scale, Subtract
from jacobians.ops.pooling import AvgPool1d, AvgPool2d, AvgPool3d, MaxPool1d, MaxPool2d, MaxPool3d
from jacobians.ops.positions import RotaryEmbedding, SinusoidalPositions
from jacobians.ops.preference import DPO, BradleyTerry, LogProbability, PolicyGradient
from jacobians.ops.products import Bilinear, Inner, Matmul, Outer, Quadratic
from jacobians.ops.rectifiers import ELU, GELU, SELU, LeakyReLU, Mish, ReLU, SiLU
from jacobians.ops.recurrent import ElmanCell, GRUCell, Lerp, LSTMCell, LSTMCellState
from jacobians.ops.reduce import Cumsum, Max, Mean, Min, Prod, Sum, Var
from jacobians.ops.relabel import Broadcast, Diagonal, Permute, Tril, Triu
from jacobians.ops.softmax import LogSoftmax, LogSumExp, Softmax
from jacobians.run import Run
from jacobians.unrolled import rnn

__all__ = [
    "DPO",
    "ELU",
    "GELU",
    "GLU",
    "KL",
    "OPS",
    "SELU",
    "Abs",
    "AbsoluteError",
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "Add",
    "Arcsinh",
    "Arctan",
    "Attention",
    "AttentionWeights",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "BatchNorm",
    "BatchNormInference",
    "Bilinear",
    "BinaryCrossEntropy",
    "BinaryCrossEntropyLogits",
    "BinaryFocalLoss",
    "BradleyTerry",
    "Broadcast",
    "Clip",
    "Concat",
    "ContrastiveLoss",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "ConvergenceError",
    "Cos",
    "CosineEmbeddingLoss",
    "CosineSimilarity",
    "CrossAttention",
    "CrossEntropy",
    "CrossEntropyIndex",
    "Cumsum",
    "DenseLimitError",
    "Determinant",
    "Diag",
    "Diagonal",
    "DivergenceError",
    "Divide",
    "Dropout",
    "Einsum",
    "ElmanCell",
    "Embedding",
    "EntryError",
    "Erf",
    "Exp",
    "Flatten",
    "FocalLoss",
    "FormError",
    "GRUCell",
    "Gather",
    "GaussianKL",
    "GaussianNLL",
    "GlobalAvgPool",
    "GlobalMaxPool",
    "GroupNorm",
    "Hadamard",
    "HardTanh",
    "Highway",
    "Hinge",
    "Huber",
    "Identity",
    "Index",
    "InfoNCE",
    "Inner",
    "InputError",
    "InstanceNorm",
    "Inverse",
    "Jacobian",
    "JacobiansError",
    "L1Norm",
    "LSTMCell",
    "LSTMCellState",
    "LabelSmoothing",
    "LayerNorm",
    "LeakyReLU",
    "Lerp",
    "Linear",
    "LinearAttention",
    "LinearMap",
    "LinearRows",
    "Log",
    "LogDet",
    "LogProbability",
    "LogSigmoid",
    "LogSoftmax",
    "LogSumExp",
    "MathSyntaxError",
    "Matmul",
    "Max",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "Maxout",
    "Mean",
    "MergeHeads",
    "Min",
    "Mish",
    "Model",
    "ModelError",
    "MultiHeadAttention",
    "Multiple",
    "NegativeLogLikelihood",
    "Node",
    "Norm",
    "Normalize",
    "OneHot",
    "Op",
    "Outer",
    "PReLU",
    "Pad",
    "Permute",
    "PolicyGradient",
    "Power",
    "Prod",
    "Quadratic",
    "RMSNorm",
    "ReLU",
    "Reciprocal",
    "Record",
    "Reshape",
    "RotaryEmbedding",
    "Run",
    "Scale",
    "SelfAttention",
    "ShapeError",
    "Shift",
    "SiLU",
    "Sigmoid",
    "Sin",
    "SinusoidalPositions",
    "Slice",
    "Softmax",
    "Softplus",
    "Softsign",
    "Solve",
    "SplitHeads",
    "Sqrt",
    "Square",
    "SquaredError",
    "SquaredNorm",
    "Stack",
    "StandardNormalKL",
    "Subtract",
    "Sum",
    "SwiGLU",
    "Swish",
    "Tan",
    "Tanh",
    "TemperatureSoftmax",
    "Trace",
    "Transpose",
    "Tril",
    "TripletLoss",
    "Triu",
    "Undefined",
    "Var",
    "Vec",
    "WeightNorm",
    "cnn",
    "delta_einsum",
    "descend",
    "empirical_fisher",
    "empirical_ntk",
    "mlp",
    "node",
    "rnn",
    "settings",
    "term",
    "toeplitz",
    "transformer_block",
]
