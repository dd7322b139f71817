"""A small GPT as people write it for PyTorch, in a function that is given the libraries it would import."""

import math


def program(torch, nn, F):  # noqa: N803 - the name that such programs give it
    """Train the model, write with it, and return what there is to compare: `run(weights or None)`."""

    class CausalSelfAttention(nn.Module):
        def __init__(self, n_embd, n_head, block_size):
            super().__init__()
            assert n_embd % n_head == 0
            self.c_attn = nn.Linear(n_embd, 3 * n_embd)
            self.c_proj = nn.Linear(n_embd, n_embd)
            mask = torch.tril(torch.ones(block_size, block_size)).view(1, 1, block_size, block_size)
            self.register_buffer("bias", mask)
            self.n_head = n_head

        def forward(self, x):
            B, T, C = x.size()
            q, k, v = self.c_attn(x).split(C, dim=2)
            k = k.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
            q = q.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
            v = v.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
            att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
            att = att.masked_fill(self.bias[:, :, :T, :T] == 0, float("-inf"))
            att = F.softmax(att, dim=-1)
            y = (att @ v).transpose(1, 2).contiguous().view(B, T, C)
            return self.c_proj(y)

    class Block(nn.Module):
        def __init__(self, n_embd, n_head, block_size):
            super().__init__()
            self.ln_1 = nn.LayerNorm(n_embd)
            self.attn = CausalSelfAttention(n_embd, n_head, block_size)
            self.ln_2 = nn.LayerNorm(n_embd)
            self.mlp = nn.ModuleDict(
                {
                    "c_fc": nn.Linear(n_embd, 4 * n_embd),
                    "act": nn.GELU(approximate="tanh"),
                    "c_proj": nn.Linear(4 * n_embd, n_embd),
                    "dropout": nn.Dropout(0.0),
                }
            )
            m = self.mlp
            self.mlpf = lambda x: m.dropout(m.c_proj(m.act(m.c_fc(x))))

        def forward(self, x):
            x = x + self.attn(self.ln_1(x))
            return x + self.mlpf(self.ln_2(x))

    class GPT(nn.Module):
        def __init__(self, vocab=17, n_embd=16, n_head=4, n_layer=2, block_size=8):
            super().__init__()
            self.block_size = block_size
            self.transformer = nn.ModuleDict(
                {
                    "wte": nn.Embedding(vocab, n_embd),
                    "wpe": nn.Embedding(block_size, n_embd),
                    "h": nn.ModuleList([Block(n_embd, n_head, block_size) for _ in range(n_layer)]),
                    "ln_f": nn.LayerNorm(n_embd),
                }
            )
            self.lm_head = nn.Linear(n_embd, vocab, bias=False)
            self.transformer.wte.weight = self.lm_head.weight
            self.apply(self._init_weights)
            for name, p in self.named_parameters():
                if name.endswith("c_proj.weight"):
                    torch.nn.init.normal_(p, mean=0.0, std=0.02 / math.sqrt(2 * n_layer))

        def _init_weights(self, module):
            if isinstance(module, nn.Linear):
                torch.nn.init.normal_(module.weight, mean=0.0, std=0.02)
                if module.bias is not None:
                    torch.nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Embedding):
                torch.nn.init.normal_(module.weight, mean=0.0, std=0.02)
            elif isinstance(module, nn.LayerNorm):
                torch.nn.init.zeros_(module.bias)
                torch.nn.init.ones_(module.weight)

        def forward(self, idx, targets=None):
            _, t = idx.size()
            assert t <= self.block_size
            pos = torch.arange(0, t, dtype=torch.long, device=idx.device).unsqueeze(0)
            x = self.transformer.wte(idx) + self.transformer.wpe(pos)
            for block in self.transformer.h:
                x = block(x)
            logits = self.lm_head(self.transformer.ln_f(x))
            loss = None
            if targets is not None:
                loss = F.cross_entropy(logits.view(-1, logits.size(-1)), targets.reshape(-1), ignore_index=-1)
            return logits, loss

        def configure_optimizers(self):
            decay = {n for n, p in self.named_parameters() if p.dim() >= 2}
            params = dict(self.named_parameters())
            groups = [
                {"params": [params[n] for n in sorted(decay)], "weight_decay": 0.1},
                {"params": [params[n] for n in sorted(params.keys() - decay)], "weight_decay": 0.0},
            ]
            return torch.optim.AdamW(groups, lr=1e-2, betas=(0.9, 0.95), fused=False)

        @torch.no_grad()
        def generate(self, idx, max_new_tokens, temperature=1.0, top_k=None):
            for _ in range(max_new_tokens):
                cond = idx if idx.size(1) <= self.block_size else idx[:, -self.block_size :]
                logits, _ = self(cond)
                logits = logits[:, -1, :] / temperature
                if top_k is not None:
                    v, _ = torch.topk(logits, top_k)
                    logits[logits < v[:, [-1]]] = -float("Inf")
                probs = F.softmax(logits, dim=-1)
                _, idx_next = torch.topk(probs, k=1, dim=-1)
                idx = torch.cat((idx, idx_next), dim=1)
            return idx

    def run(weights=None):
        torch.manual_seed(0)
        model = GPT().double()
        if weights is not None:
            model.load_state_dict(weights)
        start = {k: v.clone().numpy() for k, v in model.state_dict().items()}
        optimizer = model.configure_optimizers()
        data = torch.tensor([[i * j % 17 for i in range(8)] for j in range(1, 5)])
        losses = []
        model.train()
        for _ in range(20):
            _, loss = model(data[:, :-1], data[:, 1:])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item())
        model.eval()
        return {
            "start": start,
            "losses": losses,
            "gradients": {n: p.grad.numpy() for n, p in model.named_parameters()},
            "logits": model(data)[0].detach().numpy(),
            "text": model.generate(data[:, :2], 10, top_k=3).tolist(),
            "keys": list(model.state_dict()),
        }

    return run
