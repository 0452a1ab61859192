#include "shared_space.h"

#include <cstdio>
#include <mutex>
#include <new>
#include <random>
#include <unordered_map>

namespace vmalock_binding
{

namespace
{

struct Registry {
	std::mutex lock;
	std::unordered_map<std::string, SharedSpace *> by_token;
};

/* Never destroyed: threads of other environments may still close their handles while the process exits. */
Registry &registry()
{
	static Registry *const all = new Registry;

	return *all;
}

/* 128 random bits: no token of another process or of an earlier space is taken for this one. */
std::string NewToken()
{
	std::random_device random;
	char text[48];

	snprintf(text, sizeof(text), "vmalock-%08x%08x%08x%08x", random(), random(), random(), random());
	return text;
}

} // namespace

SharedSpace *SharedSpace::Adopt(vmalock_mm *mm)
{
	return new (std::nothrow) SharedSpace(mm);
}

SharedSpace *SharedSpace::Open(const std::string &token)
{
	std::lock_guard<std::mutex> guard(registry().lock);
	auto found = registry().by_token.find(token);

	if (found == registry().by_token.end())
		return nullptr;
	found->second->handles_++;
	return found->second;
}

std::string SharedSpace::Share()
{
	std::lock_guard<std::mutex> guard(registry().lock);

	if (token_.empty()) {
		std::string token = NewToken();

		registry().by_token.emplace(token, this);
		token_ = std::move(token);
	}
	return token_;
}

void SharedSpace::Close()
{
	{
		std::lock_guard<std::mutex> guard(registry().lock);

		if (--handles_ > 0)
			return;
		if (!token_.empty())
			registry().by_token.erase(token_);
	}
	vmalock_mm_put(mm_);
	delete this;
}

} // namespace vmalock_binding
