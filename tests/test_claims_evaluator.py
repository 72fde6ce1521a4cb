"""What claims evaluate to: one line each, a context, a claim and its verdict."""

from __future__ import annotations

import pytest

from jacobians.claims.check import check

NETWORK = "W^{(i)} : n_(i) x n_(i-1)\nb^{(i)} : n_(i)\na0 : n_(0)\ng : function\nl : function -> scalar\nk : layer\n"
NETWORK += "z^{(i)} = W^{(i)} a^{(i-1)} + b^{(i)}\na^{(i)} = g^{(i)}(z^{(i)})\nL = l(a^{(3)})\nloss is L"
BATCH = "W : 3 x 2\nX : 2 x m\nm : samples\nl : function -> scalar\nZ = W X\nJ = \\frac{1}{m} l(Z)\ngradients are sum"
IMAGE = "* is cross-correlation\na : 4 x 3\nw : 2 x 2\nc : function -> scalar\nC = c(z)\n"
EINSTEIN = "sums are Einstein\nn, m : size\nV : n x m\ns : m\nq = V @ s"

STEPS = "s0 : scalar\nw : scalar\nx_(k) : scalar\nk, m : step\ns_(k) = w * s_(k-1) + x_(k)"

LOOP = (
    "k : layer 3..1\nA_(0) : n_(0)\ny : n_(3)\nweights_(k) : n_(k+1) x n_(k)\nA_(k) = tanh(weights_(k-1) @ A_(k-1))\n"
)
LOOP += "C = norm(A_(3) - y)^2\ndelta_(k) = D(C, A_(k))\ntmp_(k) = delta_(k+1) * (1 - A_(k+1)^2)"

NORM = "x : 2 x 3 x 5\nw : 5\nr = 1 / sqrt(mean(x^2, axis=-1, keepdims=True))\nn = x * r\nout = w * n\n"
NORM += "l : function -> scalar\nL = l(out)"
CELL = "C, zo : 3\nl : function -> scalar\no = sigmoid(zo)\nh = o * tanh(C)\nl = l(h)\ndo = D(l, zo)\nd = D(l, h)"
RECURRENCE = "t : step 1..3\nk : step 1..3\nw, h0 : scalar\nz_(k) = w * h_(k-1)\nh_(k) = tanh(z_(k))\nL = h3^2"

SOFTMAX = "x : 3\ny = softmax(x)"
DOTTED = "m : size 3\nn : size\nk : size 2\nw, x : n\nA : m x n\ny = w.T @ x\ne = exp(x)"

CLAIMS = [
    # a letter of labels, also where a size has it, is an index elsewhere
    (NETWORK, r"\frac{\partial L}{\partial W^{(k)}_{ji}} = \delta^{(k)}_j a^{(k-1)}_i", "true"),
    # equations without signs of products are LaTeX
    ("W : 3 x 2\nx : 2\nb : 3\na = W x + b", r"\frac{\partial a}{\partial x} = W", "true"),
    ("W : 3 x 2\nx : 2\na = W x", r"\frac{\partial a_1}{\partial W_{1j}} = x_j", "true"),
    ("w : 2\nx : 2\nz = w^T x", r"\frac{\partial z}{\partial x} = w", "true"),
    # what every layer has is, without a label, that of the layer that is spoken of
    (NETWORK + "\nr_(k) = D(L, z_(k))", r"\frac{\partial L}{\partial b^{(k)}} = r", "true"),
    ("h_0 : 3\nh_(t) = tanh(h_(t-1))", r"\frac{\partial h_1}{\partial h_0} = \text{diag}(1 - (h_1)^2)", "true"),
    ("h0 : scalar\nh_(t) = tanh(h_(t-1))", r"\frac{\partial h_t}{\partial h_{t-1}} = 1 - h_t^2", "true"),
    ("W_{f}^{(k)} : 3 x 2\nx : 2\nz_(k) = W_f_(k) @ x", r"\frac{\partial z^{(k)}}{\partial x} = W_f^{(k)}", "true"),
    # a function with an equation has a derivative at every index
    (
        "x : 3\nw : 2 x 3\nh(u) = sigmoid(u)\nz = w @ x\na = h(z)",
        r"\frac{\partial a_i}{\partial x_j} = h'(z_i) w_{ij}",
        "true",
    ),
    # what a prime means may be defined: here the function's output stands in brackets
    ("x : 3\na = tanh(x)\ntanh'(u) = 1 - u^2", r"\frac{\partial a_i}{\partial x_i} = \tanh'(a_i)", "true"),
    # dots in products: what is in between follows from what stands beside them
    (
        NETWORK,
        r"\frac{\partial z^{(3)}}{\partial z^{(1)}}"
        r" = \frac{\partial z^{(3)}}{\partial z^{(2)}} \cdots \frac{\partial z^{(2)}}{\partial z^{(1)}}",
        "true",
    ),
    (
        STEPS,
        r"\frac{\partial s_k}{\partial s_{k-m}}"
        r" = \frac{\partial s_k}{\partial s_{k-1}} \cdots \frac{\partial s_{k-m+1}}{\partial s_{k-m}} = w^m",
        "true",
    ),
    (
        STEPS,
        r"\frac{\partial s_3}{\partial s_0}"
        r" = \frac{\partial s_3}{\partial s_2} \cdots \frac{\partial s_2}{\partial s_1}",
        "false",
    ),
    ("x : 4\ns = sum(x)", r"s = x_1 + x_2 + \dots + x_4", "true"),
    # arrays with more axes: vectors go along the last one, axes of size 1 are repeated; an update of a gradient
    (NORM, "dn = dout * w; dx = dn - mean(dn * n, axis=-1, keepdims=True) * n; dx *= r", "true"),
    (NORM, "dn = dout * w; dx = dn - mean(dn, axis=-1, keepdims=True) * n; dx *= r", "false"),
    # what a claim is restricted to
    (SOFTMAX, r"\frac{\partial y_j}{\partial x_q} = -y_j y_q \text{ for } j \neq q", "true"),
    (SOFTMAX, r"\frac{\partial y_j}{\partial x_q} = -y_j y_q \text{ for } j = q", "false"),
    (SOFTMAX, r"\frac{\partial y_j}{\partial x_q} = y_j (1 - y_q), \quad j = q", "true"),
    (SOFTMAX, r"\text{if } j = q, \; \frac{\partial y_j}{\partial x_q} = y_j (1 - y_q)", "true"),
    (SOFTMAX, r"\frac{\partial y_j}{\partial x_q} = y_j (1 - y_q), \quad \sum_j y_j = 1", "false"),
    ("x : 3\ny = relu(x)", r"\frac{\partial y}{\partial x_k} = 1 \text{ for } x > 0", "not understood"),
    ("x : 3\ny = relu(x)", r"\frac{\partial y_k}{\partial x_k} = 1 \text{ for } x_k > 0", "true"),
    # a loop in code has one name for all layers; the old value is that of the turn before
    (LOOP, "delta = np.dot(self.weights[k].T, tmp)", "true"),
    (LOOP, "delta = np.dot(self.weights[k].T, delta)", "false"),
    # the differential of the loss by itself
    (NETWORK, r"\frac{\partial L}{\partial z^{(3)}} = \frac{dL}{a^{(3)}}", "ill-formed"),
    # a sum over a letter that is left out
    ("z : 3\nS = \\sum_k e^{z_k}", r"S = \sum_j e^z", "true"),
    # letters below a declared name with a subscript are its indices
    ("W_o : 3 x 2\nx : 2\nz_o = W_o @ x", r"\frac{\partial z_{oi}}{\partial x_j} = w_{oij}", "true"),
    # a prime behind brackets
    ("x : 3\ng : function\na = g(x)", r"\frac{\partial a_i}{\partial x_i} = [g(x_i)]^{'}", "true"),
    # error signals with bare labels; they are quantities
    (NETWORK, r"\frac{\partial L}{\partial b^k} = \delta^k", "true"),
    (NETWORK, r"\delta^{(k)} = \delta'(z^{(k)})", "ill-formed"),
    # of the sum of the samples' losses are only the gradients of what there is for every sample
    (BATCH, r"dW = \frac{1}{m} dZ X^T", "true"),
    (BATCH, r"dW = dZ X^T", "false"),
    (BATCH.replace("gradients are sum", ""), r"dW = \frac{1}{m} dZ X^T", "layout"),
    # a sign, or a function of SciPy, is the cross-correlation; padded with zeros; a convolution turns the kernel
    (IMAGE + "z = a * w", r"\frac{\partial C}{\partial w} = a * \frac{\partial C}{\partial z}", "true"),
    (IMAGE + "z = a * w", r"\frac{\partial C}{\partial w} = \frac{\partial C}{\partial z} * a", "ill-formed"),
    (IMAGE + "z = correlate2d(a, w, mode=valid)", "D(C, a) = correlate2d(D(C, z), rot180(w))", "true"),
    (IMAGE + "z = correlate2d(a, w, mode=valid)", "D(C, a) = convolve2d(D(C, z), w)", "true"),
    (IMAGE + "z = correlate2d(a, w, mode=valid)", "D(C, a) = convolve2d(D(C, z), rot180(w))", "false"),
    # the error signal by entries; its indices are digits
    (
        IMAGE + "z = a * w\n\\delta_{ij} = \\frac{\\partial C}{\\partial z_{ij}}",
        r"\nabla w_{12} = \delta_{11} a_{12} + "
        r"\delta_{12} a_{13} + \delta_{21} a_{22} + \delta_{22} a_{23} + \delta_{31} a_{32} + \delta_{32} a_{33}",
        "true",
    ),
    # one entry is a number
    ("n : size\nX : 1 x n\nw : n\ny = X @ w", r"y = \sum_i X_{1i} w_i", "true"),
    ("n : size\nX : 1 x n\nw : n\ny = X @ w", r"y = \sum_i X_{1i} w_i + 1", "false"),
    # ⊙ is the elementwise product, whatever * means
    ("* is matrix product\nA, B : 2 x 2", r"A \odot B = A \circ B", "true"),
    ("* is matrix product\nA, B : 2 x 2", r"A \odot B = A * B", "false"),
    ("* is matrix product\nA, B : 2 x 2\nC = A ⊙ B", r"C = A \odot B", "true"),
    ("A, B : 2 x 2\nC = A @ B", r"C = A \odot B", "false"),
    ("A, B : 2 x 2\nC = A @ B", r"C = A * B", "layout"),
    # Einstein's sums: of what occurs twice, unless it is free on both sides
    (EINSTEIN, r"\frac{\partial q_l}{\partial V_{ij}} = \delta_{il}\delta_{jk} s_k", "true"),
    (EINSTEIN, r"q_{l} (1 - q_{l}) = q_{l} - q_{l}^2", "true"),
    (EINSTEIN, r"\frac{\partial q_l}{\partial V_{ij}} = \delta_{il} s_k", "ill-formed"),
    (EINSTEIN + "\np_i = V_{ij} s_j", "p = q", "true"),
    # ones and zeros without a size
    (
        "n : size\nx, w : n\nu = w * x\ny = sum(u)",
        r"\frac{\partial y}{\partial w} = (\vec{1}^T \text{diag}(x))^T",
        "true",
    ),
    ("n : size\nx : n\ny = sum(x)", r"\nabla_x y = \vec{1}", "true"),
    ("n : size\nx : n\ny = sum(x)", r"\nabla_x y = \vec{1}^T", "false"),
    # assignments: steps on the way, updates, sums over steps, what a function returns
    (CELL, "do = dh * tanh(C); do = o * (1 - o) * do", "true"),
    (CELL, "do = dh * tanh(C); do = sigmoid(o, derivative=True) * do", "false"),
    (CELL, "d = d * o; dC = d * (1 - tanh(C)**2)", "true"),
    (CELL, "part = dh * o; dC = part * (1 - tanh(C)**2)", "true"),
    (CELL, "d = d - 0.1 * dC", "declaration"),
    (CELL, "return dh * o", "declaration"),
    (CELL + "\nreturn = D(l, o)", "return dh * np.tanh(C)", "true"),
    (RECURRENCE, "dw += dz[t] * h[t - 1]", "true"),
    (RECURRENCE, "dw -= dz[t] * h[t - 1]", "declaration"),
    # plain text: quotients of differentials, products of letters, square brackets
    ("x : scalar\ny = sin(x)\nz = exp(y)", "dz/dx = dz/dy * dy/dx = [z * cos(x)]", "true"),
    ("Y, A : scalar", "Y(1 - A) = Y - YA", "true"),
    # dots in vectors, rows and diagonals
    (DOTTED, r"\frac{\partial y}{\partial x} = \begin{bmatrix} w_1 \\ w_2 \\ \vdots \\ w_n \end{bmatrix}", "true"),
    (DOTTED, r"\frac{\partial y}{\partial x} = \begin{bmatrix} w_1 & \dots & w_n \end{bmatrix}^T", "true"),
    (DOTTED, r"\frac{\partial y}{\partial x} = \begin{bmatrix} w_1 \\ x_2 \\ \vdots \\ x_n \end{bmatrix}", "false"),
    (DOTTED, r"\frac{\partial y}{\partial x} = \begin{bmatrix} w_1 \\ \vdots \\ x_n \end{bmatrix}", "not understood"),
    (
        DOTTED,
        r"A = \begin{bmatrix} A_{11} & \dots & A_{1n} \\ \vdots & \ddots & \vdots \\ "
        r"A_{m1} & \dots & A_{mn} \end{bmatrix}",
        "true",
    ),
    (
        DOTTED,
        r"\frac{\partial e}{\partial x} = \begin{bmatrix} e_1 & 0 & 0 \\ 0 & \ddots & 0 \\ 0 & 0 & e_n \end{bmatrix}",
        "true",
    ),
    # a prime that a derivative explains; several names that are zero
    ("x : scalar\ny = x^2", r"y' = \frac{dy}{dx} = 2x", "true"),
    ("x = zeros(3)\nW = zeros(2, 3)", "x = W = 0", "true"),
    ("x = zeros(3)\nW = ones(2, 3)", "x = W = 0", "false"),
    # a derivative whose direct value is another one from the second step on
    (
        "w, h0 : scalar\nt : step\nr : step\nh_(t) = tanh(w * h_(t-1))",
        r"\frac{\partial h_t}{\partial w} = \sum_{r=1}^t \frac{\partial h_t}{\partial h_r} \frac{dh_r}{dw}",
        "true",
    ),
    # functions without their argument where the claim has it elsewhere
    (
        "f, g : function -> 3\nx : 2",
        r"\frac{\partial}{\partial x} g(f(x)) = \frac{\partial g}{\partial f} \frac{\partial f}{\partial x}",
        "true",
    ),
    # the derivative of a function with an equation, by entries
    ("x : 3\nh(u) = u^2\na_{i} = h(x_{i})", r"\frac{\partial a_i}{\partial x_i} = h'(x_i)", "true"),
    # two quantities of one letter; a subscript that the right side does not have is part of the name
    (
        "x : N\nE_{n} = x_{n}^2\nE = \\sum_n E_n",
        r"\frac{\partial E}{\partial x_j} = \frac{\partial E_j}{\partial x_j}",
        "true",
    ),
    ("x : 3\nE_n = \\sum_j x_j^2", r"\frac{\partial E_n}{\partial x_k} = 2 x_k", "true"),
]


@pytest.mark.parametrize(("context", "claim", "status"), CLAIMS)
def test_claim(context: str, claim: str, status: str) -> None:
    verdict = check(context, claim, explain=False)
    assert verdict.status == status, verdict.worst.reason
